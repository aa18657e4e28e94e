import { table } from '../../core/text-table.ts';
import { printableLine } from '../../core/printable.ts';
import { formatBytes, formatCount, formatTime } from '../../core/units.ts';
import type { Found, Release, WalStatus } from './result.ts';

const slotLine = ({ name, status, restart, safeBytes, problem }: WalStatus['slot']): string =>
  [
    `slot ${name}: ${status}`,
    restart && `keeps log from ${restart}`,
    safeBytes !== undefined && `${formatBytes(safeBytes)} until it is lost`,
    problem,
  ]
    .filter(Boolean)
    .join(', ');

type Reception = WalStatus['receptions'][number];

const receptionLines = ({
  startedAt,
  endedAt,
  ended,
  host,
  pieces,
  events,
}: Reception): readonly string[] => [
  `receiver on ${host} from ${formatTime(startedAt)} ${endedAt ? `to ${formatTime(endedAt)}, ${ended}` : 'on'}: ${formatCount(pieces, 'piece')}`,
  ...events.map(({ at, what }) => `  ${formatTime(at)}  ${what}`),
];

const basesTable = ({ bases }: WalStatus): readonly string[] => {
  const keys = new Map(bases.map(({ id, archive }) => [id, archive]));
  const rows = bases.map(({ archive, kind, incrementOf, finishedAt, archiveBytes }) => [
    archive,
    kind,
    formatTime(finishedAt),
    formatBytes(archiveBytes),
    (incrementOf !== undefined && keys.get(incrementOf)) || '',
  ]);
  return rows.length === 0
    ? ['no base']
    : [table(['base', 'kind', 'whole at', 'size', 'goes on from'], rows)];
};

const renderStatus = (status: WalStatus): string => {
  const { target, store, slot, stretches, gaps, receptions } = status;
  return [
    `log of ${target} in ${store}`,
    slotLine(slot),
    table(
      ['system', 'timeline', 'from', 'to', 'objects', 'since', 'until'],
      stretches.map(({ system, timeline, from, to, objects, firstAt, lastAt }) => [
        system,
        String(timeline),
        from,
        to,
        String(objects),
        formatTime(firstAt),
        formatTime(lastAt),
      ]),
    ),
    ...gaps.map(
      ({ system, timeline, from, to }) => `gap in ${system}, timeline ${timeline}: ${from} to ${to}`,
    ),
    `${formatCount(gaps.length, 'recorded gap')}`,
    ...basesTable(status),
    ...receptions.flatMap(receptionLines).map(printableLine),
  ].join('\n');
};

const renderRelease = ({ slot, before, released }: Release): string => {
  if (released) return `dropped slot ${slot}`;
  return before === 'absent' ? `the server has no slot ${slot}` : `slot ${slot} was left as it is`;
};

type Transaction = Found['transactions'][number];

const changeText = ({ what, rows, relation }: Transaction['did'][number]): string =>
  [what, rows !== undefined && `${formatCount(rows, 'row')} of`, relation].filter(Boolean).join(' ');

/** Of what one transaction did, so much is shown to people; `--json` has all. */
const mostChanges = 8;

const didText = ({ did, isWhole }: Transaction): string => {
  const more = did.length > mostChanges ? [`${did.length - mostChanges} more`] : [];
  const changes = [...did.slice(0, mostChanges).map(changeText), ...more].join(', ');
  return isWhole ? changes : `${changes}; perhaps more before what was searched`;
};

const renderTransaction = (transaction: Transaction): string =>
  [
    `${transaction.at.replace('T', ' ')}  ${transaction.position}  xid ${transaction.id}`,
    `  ${didText(transaction)}`,
    `  just before it: ${transaction.restore}`,
  ]
    .map(printableLine)
    .join('\n');

const holeText = ({ hole }: Found['searched'][number]): readonly string[] =>
  hole ? [`log from ${hole.from} to ${hole.to} is missing, and was not searched`] : [];

const renderFound = ({ transactions, omitted, searched, notes, ...found }: Found): string =>
  [
    ...transactions.map(renderTransaction),
    ...(omitted > 0 ? [`${omitted} older ones match too: narrow the range by --from and --to`] : []),
    `${formatCount(transactions.length, 'transaction')} of ${found.target}, committed from ${formatTime(found.from)} to ${formatTime(found.to)}; the log reaches ${formatTime(searched.at(-1)?.until)}`,
    ...searched.flatMap(holeText),
    ...notes.map(printableLine),
  ].join('\n');

/** The report of `wal status`, what `wal find` found, or what `wal release` did. */
export const renderWal = (result: WalStatus | Release | Found): string => {
  if ('transactions' in result) return renderFound(result);
  return 'stretches' in result ? renderStatus(result) : renderRelease(result);
};
