import { printableLine } from '../../core/printable.ts';
import { table } from '../../core/text-table.ts';
import { formatBytes, formatSeconds, formatTime } from '../../core/units.ts';
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

const lastRun = ({ lastRun }: TargetStatus): string => {
  if (!lastRun) return '-';
  return lastRun.ok ? 'ok' : `FAILED ${lastRun.failure} ${formatTime(lastRun.startedAt)}`;
};

const columns = [
  ...['target', 'engine', 'archives', 'newest', 'age', 'rpo', 'within', 'last run'],
  ...['size', 'trend', 'verified', 'drill/rto', 'next run'],
];

const rowOf = (row: TargetStatus): readonly string[] => [
  row.target,
  row.engine,
  String(row.archives),
  formatTime(row.startedAt),
  row.ageSeconds === undefined ? '-' : formatSeconds(row.ageSeconds),
  formatSeconds(row.rpoSeconds),
  row.withinRpo ? 'yes' : 'NO',
  lastRun(row),
  row.archiveBytes === undefined ? '-' : formatBytes(row.archiveBytes),
  trend(row.sizeRatio),
  formatTime(row.verifiedAt),
  drill(row),
  formatTime(row.nextRun),
];

/** Of what was set aside, so many are named: a page stays readable whatever a store holds. */
const namedAside = 5;

const asideLines = ({ target, setAside }: TargetStatus): readonly string[] => [
  ...setAside.slice(0, namedAside).map(({ problem }) => `${target}: set aside: ${problem}`),
  ...(setAside.length > namedAside
    ? [`${target}: ${setAside.length - namedAside} more set aside: check ${target} names them`]
    : []),
];

export const renderStatus = (targets: readonly TargetStatus[]): string =>
  [table(columns, targets.map(rowOf)), ...targets.flatMap(asideLines).map(printableLine)].join('\n');
