import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Report } from './suite.ts';

const page = join(import.meta.dirname, '../../docs/reference/benchmarks.md');

const machine = (): string => {
  const model = cpus()[0]?.model ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} × ${model}, ${memory} GiB, Linux ${release().split('-')[0]}`;
};

/** What was measured, when, where and how quietly, and the tables. */
export const reportText = ({ subject, races }: Report, rounds: number): string => {
  const disturbed = Math.max(...races.map((race) => race.disturbed)) * 100;
  return [
    `${subject}; ${rounds} rounds`,
    `${new Date().toISOString().slice(0, 10)}, ${machine()}; others had ${disturbed.toFixed(0)} % of the processors`,
    ...races.map(({ table }) => `\n${table}`),
  ].join('\n');
};

const end = '<!-- end -->';

/**
 * A page with the report of a command: in place of what the same command wrote before, else before the line
 * `<!-- more of <suite> -->`.
 */
export const withReport = (old: string, suite: string, flags: string, text: string): string => {
  const command = `make bench ARGS="${[suite, flags].filter(Boolean).join(' ')}"`;
  const begin = `<!-- begin ${command} -->`;
  const section = `${begin}\n\n\`${command}\`:\n\n\`\`\`\n${text}\n\`\`\`\n\n${end}`;
  const from = old.indexOf(begin);
  if (from >= 0) return old.slice(0, from) + section + old.slice(old.indexOf(end, from) + end.length);
  const more = `<!-- more of ${suite} -->`;
  if (!old.includes(more)) throw new Error(`the page has no line ${more}`);
  return old.replace(more, () => `${section}\n\n${more}`);
};

export const record = (suite: string, flags: string, text: string): void =>
  writeFileSync(page, withReport(readFileSync(page, 'utf8'), suite, flags, text));
