import { printableLine } from '../../core/printable.ts';
import { table } from '../../core/text-table.ts';
import { formatBytes, formatCount, formatSeconds, formatTime } from '../../core/units.ts';
import type { TargetStatus } from './result.ts';

/** `1.034` → `+3 %`. */
const trend = (ratio: number | undefined): string => {
  if (ratio === undefined) return '-';
  const percent = Math.round((ratio - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
};

const drill = ({ lastDrill, rtoSeconds }: TargetStatus): string => {
  if (!lastDrill) return '-';
  if (!lastDrill.ok || lastDrill.seconds === undefined) return `FAILED ${formatTime(lastDrill.at)}`;
  return `${formatSeconds(lastDrill.seconds)} of ${formatSeconds(rtoSeconds)}${lastDrill.withinRto ? '' : ' MISSED'}`;
};

const lastBackup = ({ lastRuns }: TargetStatus): string => {
  const last = lastRuns.find(({ command }) => command === 'backup');
  if (!last) return '-';
  return last.ok ? 'ok' : `FAILED ${last.failure} ${formatTime(last.startedAt)}`;
};

const columns = [
  'target',
  'engine',
  'archives',
  'newest',
  'age',
  'rpo',
  'within',
  'last run',
  'size',
  'trend',
  'verified',
  'drill/rto',
  'next run',
];

const rowOf = (row: TargetStatus): readonly string[] => [
  row.target,
  row.engine,
  String(row.archives),
  formatTime(row.startedAt),
  row.ageSeconds === undefined ? '-' : formatSeconds(row.ageSeconds),
  formatSeconds(row.rpoSeconds),
  row.withinRpo ? 'yes' : 'NO',
  lastBackup(row),
  row.archiveBytes === undefined ? '-' : formatBytes(row.archiveBytes),
  trend(row.sizeRatio),
  formatTime(row.verifiedAt),
  drill(row),
  formatTime(row.nextRun),
];

/** Of what was set aside, so many are named: a page stays readable whatever a store holds. */
const namedAside = 5;

const asideLines = ({ target, setAside }: Pick<TargetStatus, 'target' | 'setAside'>): readonly string[] => [
  ...setAside.slice(0, namedAside).map(({ problem }) => `set aside: ${problem}`),
  ...(setAside.length > namedAside
    ? [`${setAside.length - namedAside} more set aside: check ${target} names them`]
    : []),
];

const lockLine = ({ lock }: TargetStatus): string | undefined => {
  if (!lock) return undefined;
  const { state, command, host, since } = lock;
  if (since === undefined) return `lock ${state}: the next run takes it over`;
  const taken = `taken by ${command} on ${host} at ${formatTime(since)}`;
  return state === 'held' ? `lock ${taken}` : `lock ${state}, ${taken}: the next run takes it over`;
};

/** Rounded up: what is shown can be restored. */
const secondAfter = (iso: string): string => new Date(Math.ceil(Date.parse(iso) / 1000) * 1000).toISOString();

const windowLine = ({ windows, bases }: NonNullable<TargetStatus['log']>): string => {
  const [newest, ...older] = windows.toReversed();
  if (!newest)
    return bases === 0
      ? 'no instant can be restored: there is no base yet'
      : 'no instant can be restored: the log does not reach any base';
  const stretch = ({ from, to }: typeof newest) =>
    `from ${formatTime(secondAfter(from))} to ${formatTime(to)}`;
  return ['can be restored to any instant', [newest, ...older].map(stretch).join(', and ')].join(' ');
};

const logDrillLines = ({ lastLogDrill }: TargetStatus): readonly string[] => {
  if (!lastLogDrill) return [];
  const { at, ok, seconds, agreedAt } = lastLogDrill;
  const took = seconds === undefined ? '' : ` in ${formatSeconds(seconds)}`;
  const agreed = agreedAt === undefined ? '' : `; had the very data of an archive ${formatTime(agreedAt)}`;
  return [
    ok
      ? `last recovered to an instant${took} ${formatTime(at)}${agreed}`
      : `last recovery to an instant FAILED ${formatTime(at)}`,
  ];
};

const logLines = ({ target, log, logProblem }: TargetStatus): readonly string[] => {
  if (logProblem !== undefined) return [`the log could not be read: ${logProblem}`];
  if (!log) return [];
  const { holes, newestBase, setAside } = log;
  return [
    windowLine(log),
    ...(holes > 0 ? [`${formatCount(holes, 'hole')} in the log: wal status ${target} shows where`] : []),
    ...(newestBase === undefined ? [] : [`newest base: ${formatTime(newestBase)}`]),
    ...asideLines({ target, setAside }),
  ];
};

const failedLines = ({ lastRuns }: TargetStatus): readonly string[] =>
  lastRuns
    .filter(({ command, ok }) => command !== 'backup' && !ok)
    .map(({ command, failure, startedAt }) => `last ${command} FAILED ${failure} ${formatTime(startedAt)}`);

/** Only where it is no archive in one file, which is what people expect. */
const partsLines = ({ parts }: TargetStatus): readonly string[] =>
  parts?.isParted ? [`stored as parts: ${parts.reason}`] : [];

/** What does not fit into the table's row of a target. */
const remarks = (row: TargetStatus): readonly string[] => [
  ...partsLines(row),
  ...logLines(row),
  ...logDrillLines(row),
  ...asideLines(row),
  ...failedLines(row),
  ...[lockLine(row)].filter((line) => line !== undefined),
  ...(row.frozen === undefined ? [] : [`retention frozen: ${row.frozen}`]),
  ...row.anomalies.map((anomaly) => `unusual: ${anomaly}`),
];

export const renderStatus = (targets: readonly TargetStatus[]): string =>
  [
    table(columns, targets.map(rowOf)),
    ...targets.flatMap((row) => remarks(row).map((remark) => printableLine(`${row.target}: ${remark}`))),
  ].join('\n');
