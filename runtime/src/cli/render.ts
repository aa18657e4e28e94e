import { nameOf } from '../cluster/scale.ts';
import { printableLine } from '../core/printable.ts';
import { formatBytes, formatSeconds } from '../core/units.ts';
import type { BackupResult } from '../commands/backup/backup.ts';
import type { Listed } from '../commands/list/list.ts';
import type { TargetStatus } from '../commands/status/status.ts';
import type { Pruned } from '../retention/application.ts';
import type { Rekeyed } from '../commands/rekey/rekey.ts';
import type { RestoreResult } from '../commands/restore/restore.ts';
import type { RestorePlan } from '../commands/restore/plan.ts';
import type { StartedServices } from '../commands/restore/stop-services.ts';
import { table } from '../core/text-table.ts';

/** `2024-01-01T02:00:00.000Z` → `2024-01-01 02:00:00Z`. */
export const time = (iso: string | undefined): string =>
  iso ? iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z') : '-';

export const renderBackup = (result: BackupResult): string =>
  [
    `${result.target}: ${formatBytes(result.sourceBytes)} in ${formatSeconds(result.seconds)} → ${result.store}/${result.archive} (${formatBytes(result.archiveBytes)})`,
    ...result.copies.map((key) => `  copied to ${key}`),
    ...Object.entries(result.replicated).map(
      ([store, keys]) => `  ${keys.length} archives copied to ${store}`,
    ),
    ...result.pruned.map((key) => `  removed by retention: ${key}`),
    ...result.warnings.map((warning) => `  WARNING: ${warning}`),
  ]
    .map(printableLine)
    .join('\n');

export const renderList = (archives: readonly Listed[]): string =>
  table(
    ['target', 'store', 'tier', 'taken', 'size', 'verified', 'archive'],
    archives.map((row) => [
      row.target,
      row.store,
      row.tier,
      time(row.startedAt),
      row.problem ? '-' : formatBytes(row.archiveBytes),
      row.problem ?? time(row.verifiedAt),
      row.archive,
    ]),
  );

/** `1.034` → `+3 %`. */
const trend = (ratio: number | undefined): string => {
  if (ratio === undefined) return '-';
  const percent = Math.round((ratio - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
};

const drill = ({ lastDrill, rtoSeconds }: TargetStatus): string => {
  if (!lastDrill) return '-';
  if (!lastDrill.ok || lastDrill.seconds === undefined) return `FAILED ${time(lastDrill.at)}`;
  return `${formatSeconds(lastDrill.seconds)} of ${formatSeconds(rtoSeconds)}${lastDrill.withinRto ? '' : ' MISSED'}`;
};

const lastRun = ({ lastRun }: TargetStatus): string => {
  if (!lastRun) return '-';
  return lastRun.ok ? 'ok' : `FAILED ${lastRun.failure} ${time(lastRun.startedAt)}`;
};

/** Of what was set aside, so many are named: a page stays readable whatever a store holds. */
const namedAside = 5;

const asideLines = ({ target, setAside }: TargetStatus): readonly string[] => [
  ...setAside.slice(0, namedAside).map(({ problem }) => `${target}: set aside: ${problem}`),
  ...(setAside.length > namedAside
    ? [`${target}: ${setAside.length - namedAside} more set aside: check ${target} names them`]
    : []),
];

export const renderStatus = (targets: readonly TargetStatus[]): string =>
  [statusTable(targets), ...targets.flatMap(asideLines).map(printableLine)].join('\n');

const statusTable = (targets: readonly TargetStatus[]): string =>
  table(
    [
      ...['target', 'engine', 'archives', 'newest', 'age', 'rpo', 'within', 'last run'],
      ...['size', 'trend', 'verified', 'drill/rto', 'next run'],
    ],
    targets.map((row) => [
      row.target,
      row.engine,
      String(row.archives),
      time(row.startedAt),
      row.ageSeconds === undefined ? '-' : formatSeconds(row.ageSeconds),
      formatSeconds(row.rpoSeconds),
      row.withinRpo ? 'yes' : 'NO',
      lastRun(row),
      row.archiveBytes === undefined ? '-' : formatBytes(row.archiveBytes),
      trend(row.sizeRatio),
      time(row.verifiedAt),
      drill(row),
      time(row.nextRun),
    ]),
  );

export const renderPruned = (decisions: readonly Pruned[]): string =>
  table(
    ['decision', 'store', 'archive', 'reason'],
    decisions.map(({ keep, store, key, reason }) => [keep ? 'keep' : 'remove', store, key, reason]),
  );

export const renderRestorePlan = (plan: RestorePlan): string =>
  [
    `${plan.mode === 'test' ? 'test restore' : 'restore'} of ${plan.target}`,
    `  from    ${plan.store}/${plan.archive}, taken ${time(plan.takenAt)}`,
    ...(plan.fromTarget ? [`  of      target ${plan.fromTarget}, not ${plan.target}`] : []),
    ...(plan.fromEnvironment ? [`  of      environment ${plan.fromEnvironment}`] : []),
    `  size    ${formatBytes(plan.archiveBytes)} archive, ${formatBytes(plan.sourceBytes)} data`,
    `  into    ${plan.into}`,
    `  effect  ${plan.effect}`,
    ...(plan.services ?? []).map((service) => `  stops   ${nameOf(service)}, ${service.replicas} replicas`),
    ...(plan.notes ?? []).map((note) => `  note    ${note}`),
  ]
    .map(printableLine)
    .join('\n');

export const renderRestore = (result: RestoreResult): string => {
  if (result.dryRun) return `${renderRestorePlan(result)}\n  dry run: nothing was changed`;
  const took = formatSeconds(result.seconds!);
  const lines = [
    `  result  ${result.equal ? 'equal to the archive' : `DIFFERS from the archive, as accepted: ${result.accepted!.join('; ')}`}, in ${took} (RTO ${formatSeconds(result.rtoSeconds)}: ${result.withinRto ? 'met' : 'MISSED'})`,
    ...(result.kept ? [`  kept    ${result.kept}`] : []),
    ...(result.undo ? [`  undo    ${result.undo}`] : []),
    ...(result.safetyArchive ? [`  saved   ${result.safetyArchive} holds what was replaced`] : []),
  ];
  return [renderRestorePlan(result), ...lines.map(printableLine)].join('\n');
};

export const renderRekeyed = (moved: readonly Rekeyed[]): string =>
  moved.length === 0
    ? 'every archive is under the first key of the plan'
    : table(
        ['store', 'archive', 'key', 'rewritten as', 'old archive'],
        moved.map(({ store, from, to, oldKeyId, newKeyId, kept, failed }) => [
          store,
          from,
          `${oldKeyId} → ${newKeyId}`,
          to,
          failed ? `FAILED ${failed}` : kept ? `${kept}; keep key ${oldKeyId} until then` : 'goes',
        ]),
      );

export const renderStarted = ({ started, down }: StartedServices): string =>
  [
    ...started.map((service) => `started ${nameOf(service)}, ${service.replicas} replicas`),
    ...down.map((service) => `DOWN    ${service}`),
  ].join('\n') || 'no restore left a service stopped';
