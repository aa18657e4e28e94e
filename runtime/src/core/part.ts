import { partVariables } from '../contract/parts.ts';
import { BackupError } from './errors.ts';

/** One pod of an Indexed Job: which share of the targets is its own. */
export interface Part {
  /** From 0. */
  readonly index: number;
  /** Number of parts. */
  readonly of: number;
  /** The same for all parts of a Job, and for those of no other. */
  readonly run: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

const wholeNumber = (variables: Variables, name: string): number => {
  const text = variables[name];
  if (/^\d{1,6}$/.test(text ?? '')) return Number(text);
  throw new BackupError('usage.invalid', `expected a number in ${name}, found ${JSON.stringify(text)}`);
};

/** The part that a pod is; undefined where one pod does all. @throws BackupError `usage.invalid` */
export const partOf = (variables: Variables): Part | undefined => {
  const { count, run: runName } = partVariables;
  if (!variables[count]) return undefined;
  const [index, of] = [wholeNumber(variables, partVariables.index), wholeNumber(variables, count)];
  if (index >= of)
    throw new BackupError(
      'usage.invalid',
      `expected an index below ${of} in ${partVariables.index}, found ${index}`,
    );
  const run = variables[runName] ?? '';
  if (!/^[\w-]{1,63}$/.test(run))
    throw new BackupError(
      'usage.invalid',
      `expected the UID of a Job in ${runName}, found ${JSON.stringify(run)}`,
    );
  return { index, of, run };
};

/**
 * Targets of one part: every `of`th, in the plan's order, so that neighbours, which are often alike, are apart. Only the plan
 * decides, which is the same for all parts: sizes of archives change between the starts of two pods, and a target would then be
 * verified twice or not at all. Pure.
 * @param part absent for all of them
 */
export const shareOf = <T>(
  targets: readonly T[],
  part: Pick<Part, 'index' | 'of'> | undefined,
): readonly T[] => (part ? targets.filter((_, place) => place % part.of === part.index) : targets);
