import { rules } from '../../src/review/grade.ts';

/** The rules by which a change of the infrastructure is graded, as a table. */
export const reviewRules = (): string =>
  [
    '| grade | rule | why it matters |',
    '|---|---|---|',
    ...rules.map(({ grade, name, why }) => `| ${grade} | ${name} | ${why} |`),
  ].join('\n');
