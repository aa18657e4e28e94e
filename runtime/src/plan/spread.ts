import { createHash } from 'node:crypto';
import { mustExist } from '../core/must-exist.ts';

/** Values that H stands for, by field; days only to the 28th, so that every month has them. */
const ranges = [
  [0, 59],
  [0, 23],
  [1, 28],
  [1, 12],
  [0, 6],
] as const;

const token = /^H(?:\((\d+)-(\d+)\))?(?:\/(\d+))?$/;

export const usesSpread = (expression: string): boolean => /(^|\s)H/.test(expression);

/** The same number for the same name on every machine, and unlike that of similar names. */
const hashOf = (name: string, field: number): number =>
  createHash('sha256').update(`${field} ${name}`).digest().readUInt32BE();

const valueOf = (text: string, field: number, name: string): string => {
  const [first, last] = mustExist(ranges[field], 'range of the field');
  const [, from = first, to = last, step] = token.exec(text) ?? [];
  const [least, most] = [Number(from), Number(to)];
  const count = step === undefined ? most - least + 1 : Number(step);
  if (!token.test(text) || least < first || most > last || count < 1 || least + count - 1 > most)
    throw new RangeError(`${text} is not one of H, H(${first}-${last}), H/n and H(${first}-${last})/n`);
  const start = least + (hashOf(name, field) % count);
  return step === undefined ? String(start) : `${start}-${most}/${step}`;
};

/**
 * Spreads runs in time as Jenkins does: each field `H` of a cron expression becomes a value that is always the same
 * for one name and evenly distributed over many. `H 2 * * *` → `17 2 * * *`, `H/15 * * * *` → `7-59/15 * * * *`.
 * An expression without H stays as it is.
 * @throws RangeError for an H that its field cannot take
 */
export const spread = (expression: string, name: string): string =>
  usesSpread(expression)
    ? expression
        .split(/\s+/)
        .map((text, field) => (text.startsWith('H') && field in ranges ? valueOf(text, field, name) : text))
        .join(' ')
    : expression;
