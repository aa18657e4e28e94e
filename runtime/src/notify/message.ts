import { printableItem } from '../core/printable.ts';
import { formatBytes, formatSeconds } from '../core/units.ts';
import type { Level } from './config.ts';
import { secondsTaken } from '../core/times.ts';
import { hintOf, numberOf, textOf, type Notice } from './event.ts';

const words: Readonly<Record<Level, string>> = {
  success: 'succeeded',
  warning: 'succeeded with warnings',
  error: 'failed',
};

/** `backup of postgresql failed`. */
const outcome = ({ command, target, level }: Notice): string => `${command} of ${target} ${words[level]}`;

/** `[prod] backup of postgresql failed`. */
export const headline = (notice: Notice): string => `[${notice.environment}] ${outcome(notice)}`;

/** One sentence: why it failed, what is to be looked at, or that all is well. */
export const sentence = (notice: Notice): string =>
  printableItem(notice.failure?.message ?? notice.warnings[0] ?? outcome(notice));

type Fact = readonly [name: string, value: string | undefined];

const size = (bytes: number | undefined): string | undefined =>
  bytes === undefined ? undefined : formatBytes(bytes);

/** Name and value of what is worth a line, in the order of reading. */
const factsOf = (notice: Notice): readonly Fact[] => [
  ['code', notice.failure?.code],
  ['hint', hintOf(notice)],
  ['archive', textOf(notice, 'archive')],
  ['source', size(numberOf(notice, 'sourceBytes'))],
  ['size', size(numberOf(notice, 'archiveBytes'))],
  ['took', formatSeconds(secondsTaken(notice))],
  ['finished', notice.finishedAt],
];

/** The notice as plain text, after its headline. */
export const body = (notice: Notice): string =>
  [
    ...(notice.failure ? [printableItem(notice.failure.message)] : []),
    ...notice.warnings.map((warning) => `warning: ${printableItem(warning)}`),
    ...factsOf(notice).flatMap(([name, value]) => (value ? [`${name.padEnd(8)} ${value}`] : [])),
  ].join('\n');
