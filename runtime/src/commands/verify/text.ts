import { printableItem } from '../../core/printable.ts';
import { table } from '../../core/text-table.ts';
import { formatBytes, formatSeconds } from '../../core/units.ts';
import type { VerificationReport, Verified } from './result.ts';

const rtoText = ({ seconds, rtoSeconds, withinRto }: NonNullable<Verified['restore']>): string =>
  `${formatSeconds(seconds)} (RTO ${formatSeconds(rtoSeconds)}: ${withinRto ? 'met' : 'MISSED'})`;

const outcome = ({ problem, restore, instant, notes = [] }: Verified): string => {
  if (problem) return `${problem.code}: ${problem.message}`;
  if (instant?.agrees) return `the log, recovered to ${instant.at}, has the very data of the archive`;
  if (instant && restore) return `recovered to ${instant.at} and read in ${rtoText(restore)}`;
  return restore ? `equal, restored in ${rtoText(restore)}` : ['ok', ...notes].join('; ');
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
