import { nameOf } from '../../cluster/scale.ts';
import { printableLine } from '../../core/printable.ts';
import { formatBytes, formatSeconds, formatTime } from '../../core/units.ts';
import type { RestorePlan, RestoreReport, RestoreResult } from './result.ts';

const renderInstant = ({ instant, newestInstant, logBytes = 0, estimatedSeconds = 0 }: RestorePlan) =>
  instant === undefined
    ? []
    : [
        `  to      ${instant}; the newest instant is ${formatTime(newestInstant)}`,
        `  log     ${formatBytes(logBytes)} are replayed at most; about ${formatSeconds(estimatedSeconds)} in all`,
      ];

export const renderRestorePlan = (plan: RestorePlan): string =>
  [
    `${plan.mode === 'test' ? 'test restore' : 'restore'} of ${plan.target}`,
    `  from    ${plan.store}/${plan.archive}, taken ${formatTime(plan.takenAt)}`,
    ...renderInstant(plan),
    ...(plan.skewSeconds === undefined
      ? []
      : [
          `  skew    begun ${formatSeconds(plan.skewSeconds)} before the instant; what came after is not in it`,
        ]),
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

const outcomeOf = ({ equal, mode, accepted = [] }: RestoreResult): string => {
  if (mode === 'directory') return 'written; a server that starts from it recovers, and opens at the instant';
  return equal ? 'equal to the archive' : `DIFFERS from the archive, as accepted: ${accepted.join('; ')}`;
};

const renderResult = (result: RestoreResult): string => {
  if (result.dryRun) return `${renderRestorePlan(result)}\n  dry run: nothing was changed`;
  const { seconds = 0, rtoSeconds, withinRto } = result;
  const rto = `RTO ${formatSeconds(rtoSeconds)}: ${withinRto ? 'met' : 'MISSED'}`;
  const lines = [
    `  result  ${outcomeOf(result)}, in ${formatSeconds(seconds)} (${rto})`,
    ...(result.lastCommit ? [`  reached ${result.lastCommit}, the newest commit that is in it`] : []),
    ...(result.kept ? [`  kept    ${result.kept}`] : []),
    ...(result.undo ? [`  undo    ${result.undo}`] : []),
    ...(result.safetyArchive ? [`  saved   ${result.safetyArchive} holds what was replaced`] : []),
  ];
  return [renderRestorePlan(result), ...lines.map(printableLine)].join('\n');
};

const renderReport = ({ restored, failed, notBegun, ...report }: RestoreReport): string =>
  [
    ...restored.map(renderResult),
    `${restored.length} of ${restored.length + (failed ? 1 : 0) + notBegun.length} targets restored, ` +
      `${formatBytes(report.sourceBytes)} in ${formatSeconds(report.seconds)}`,
    ...(failed ? [`  FAILED     ${failed.target}: ${failed.code}: ${printableLine(failed.message)}`] : []),
    ...(notBegun.length ? [`  not begun  ${notBegun.join(', ')}`] : []),
  ].join('\n');

/** Results of the targets that were named, or the report on all of them. */
export const renderRestore = (result: readonly RestoreResult[] | RestoreReport): string =>
  'restored' in result ? renderReport(result) : result.map(renderResult).join('\n');
