import type { Grade, Graded } from './change.ts';
import { byGrade, headings, subject, summary, what, type Group } from './report.ts';

/** Nothing that a value holds may end its cell or its code. */
const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (text: string): string => `\`${cell(text.replaceAll('`', 'ʼ'))}\``;

const row = (group: Group): string =>
  `| ${cell(subject(group))} | ${code(what(group))} | ${cell(`${group.rule}: ${group.why}`)} |`;

const table = (groups: readonly Group[]): readonly string[] => [
  '| object | change | why it matters |',
  '|---|---|---|',
  ...groups.map(row),
];

const heading = (grade: Grade, groups: readonly Group[]): string => `${headings[grade]} (${groups.length})`;

/** What nobody has to think about is folded. */
const section = ([grade, groups]: readonly [Grade, readonly Group[]]): string =>
  grade === 'harmless'
    ? [
        '<details>',
        `<summary>${heading(grade, groups)}</summary>`,
        '',
        ...table(groups),
        '',
        '</details>',
        '',
      ].join('\n')
    : [`### ${heading(grade, groups)}`, '', ...table(groups), ''].join('\n');

/** For the comment of a pull request. */
export const markdown = (changes: readonly Graded[], base: string): string =>
  [
    `**Infrastructure** since ${code(base.slice(0, 12))}: ${summary(changes)}`,
    '',
    ...byGrade(changes).map(section),
  ].join('\n');
