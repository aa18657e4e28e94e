import { formatBytes, formatSeconds } from '../core/units.ts';
import { secondsOf, type Notice } from './event.ts';

const words = { success: 'succeeded', warning: 'succeeded with warnings', error: 'failed' } as const;

/** `[prod] backup of postgresql failed`. */
export const headline = ({ environment, command, target, level }: Notice): string =>
  `[${environment}] ${command}${target ? ` of ${target}` : ''} ${words[level]}`;

type Fact = readonly [name: string, value: string | undefined];

const size = (bytes: number | undefined): string | undefined =>
  bytes === undefined ? undefined : formatBytes(bytes);

/** Name and value of what is worth a line, in the order of reading. */
const factsOf = (notice: Notice): readonly Fact[] => {
  const { store, archive, error } = notice;
  return [
    ['error', error?.code],
    ['hint', error?.hint],
    ['archive', archive && (store ? `${store}/${archive}` : archive)],
    ['source', size(notice.sourceBytes)],
    ['size', size(notice.archiveBytes)],
    ['took', formatSeconds(secondsOf(notice))],
    ['finished', notice.finishedAt],
  ];
};

/** The notice as plain text, after its headline. */
export const body = (notice: Notice): string =>
  [
    notice.message,
    ...notice.warnings.map((warning) => `warning: ${warning}`),
    '',
    ...factsOf(notice).flatMap(([name, value]) => (value ? [`${name.padEnd(8)} ${value}`] : [])),
  ].join('\n');
