import { names } from '../runtime/src/contract/names.ts';
import { secondsOf } from '../runtime/src/plan/duration.ts';
import type { Alert, AlertContext } from './alert.ts';
import * as promql from './expressions.ts';

/** Two nights without one may pass before somebody has to look. */
const staleVerificationSeconds = 2 * 86_400;

const longest = (durations: readonly string[]): string =>
  durations.reduce((most, text) => (secondsOf(text) > secondsOf(most) ? text : most));

/** Can we recover, and to which point? */
export const recoveryAlerts = ({ namespace, plan }: AlertContext): readonly Alert[] => [
  {
    alert: 'BackupTooOld',
    severity: 'critical',
    expr: promql.olderThanRpo(namespace),
    // on a daily schedule with an objective of a day, age passes it by one run's duration before the next archive counts
    for: longest(plan.targets.map(({ deadline }) => deadline)),
    summary: 'The newest backup of {{ $labels.target }} is older than its RPO',
    description:
      'The newest committed archive of {{ $labels.target }} was finished {{ $value | humanizeDuration }} ago.',
  },
  {
    alert: 'BackupMissing',
    severity: 'critical',
    expr: promql.neverBackedUp(namespace),
    for: longest(plan.targets.map(({ rpo }) => rpo)),
    summary: '{{ $labels.target }} has no backup at all',
    description: 'The plan names {{ $labels.target }}, but no committed archive of it exists.',
  },
  {
    alert: 'BackupShrunk',
    severity: 'warning',
    expr: promql.shrunkBelow(namespace, 0.5),
    for: '10m',
    summary: 'The newest backup of {{ $labels.target }} is less than half of what it was',
    description: 'It holds {{ $value | humanize1024 }}B. Data may be missing at the source.',
  },
  {
    alert: 'BackupUnusual',
    severity: 'warning',
    expr: promql.unusual(namespace),
    for: '10m',
    summary: 'The newest backup of {{ $labels.target }} is unlike those before it',
    description: '{{ $value }} figures of it are unusual; the log of the backup and the report name them.',
  },
];

export const verificationAlerts = ({ namespace }: AlertContext): readonly Alert[] => [
  {
    alert: 'BackupVerificationFailed',
    severity: 'critical',
    expr: promql.failedSinceSuccess(namespace, [names.verification]),
    for: '5m',
    summary: 'Verification found damaged or missing backups, or could not run',
    description: 'No verification has succeeded since the last one failed.',
  },
  {
    alert: 'BackupNotVerified',
    severity: 'warning',
    expr: promql.verifiedLongAgo(namespace, staleVerificationSeconds),
    for: '1h',
    summary: 'No backup of {{ $labels.target }} was verified in two days',
    description: 'The last successful verification was {{ $value | humanizeDuration }} ago.',
  },
  {
    alert: 'BackupNeverVerified',
    severity: 'warning',
    expr: promql.neverVerified(namespace),
    for: '48h',
    summary: 'No backup of {{ $labels.target }} was ever verified',
    description: 'Archives exist, and no verification of any has succeeded.',
  },
];
