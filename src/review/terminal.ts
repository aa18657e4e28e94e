import { styleText } from 'node:util';
import type { Grade, Graded } from './change.ts';
import { byGrade, headings, subject, summary, what, type Group } from './report.ts';

const colours = {
  'data-loss': 'red',
  exposure: 'magenta',
  availability: 'yellow',
  harmless: 'green',
} as const;

type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

const lines = (paint: Paint, group: Group): readonly string[] => [
  `  ${subject(group)}`,
  `    ${what(group)}`,
  paint('dim', `    ${group.rule}: ${group.why}`),
];

const section = (paint: Paint, [grade, groups]: readonly [Grade, readonly Group[]]): string =>
  [
    paint(['bold', colours[grade]], headings[grade]),
    ...groups.flatMap((group) => lines(paint, group)),
    '',
  ].join('\n');

/** For a person at a terminal. */
export const terminal = (changes: readonly Graded[], base: string, colour: boolean): string => {
  const paint: Paint = (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
  return [
    ...byGrade(changes).map((entry) => section(paint, entry)),
    `since ${base.slice(0, 12)}: ${summary(changes)}`,
    '',
  ].join('\n');
};
