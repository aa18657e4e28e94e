import { printableItem } from '../../core/printable.ts';
import { table } from '../../core/text-table.ts';
import { formatBytes, formatSeconds } from '../../core/units.ts';
import type { VerificationReport, Verified } from './result.ts';

const outcome = ({ problem, restore }: Verified): string => {
  if (problem) return `${problem.code}: ${problem.message}`;
  if (!restore) return 'ok';
  return `equal, restored in ${formatSeconds(restore.seconds)} (RTO ${formatSeconds(restore.rtoSeconds)}: ${restore.withinRto ? 'met' : 'MISSED'})`;
};

const partText = ({ part }: VerificationReport): string =>
  part ? `, part ${part.index} of ${part.of},` : '';

/** The report for people: on a terminal, and stored beside the JSON document. */
export const renderReport = (report: VerificationReport): string => {
  const rows = report.results.map((result) => [
    result.target,
    result.store,
    result.archive,
    result.level,
    result.archiveBytes === undefined ? '' : formatBytes(result.archiveBytes),
    formatSeconds(result.seconds),
    outcome(result),
  ]);
  return [
    `Verification of ${report.environment}${partText(report)} at ${report.generatedAt}: ${report.status}`,
    `${report.archives} checked, ${report.failed} failed`,
    ...(report.stopped
      ? [
          `STOPPED: ${printableItem(report.stopped)}; not verified to the end: ${report.notReached.join(', ')}`,
        ]
      : []),
    ...report.warnings.map((warning) => `WARNING: ${printableItem(warning)}`),
    '',
    table(['target', 'store', 'archive', 'level', 'size', 'took', 'result'], rows),
    '',
  ].join('\n');
};
