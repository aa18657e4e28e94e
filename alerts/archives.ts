import { names } from '../runtime/src/contract/names.ts';
import { day, hour, longest, minute, slackSeconds, type Alert, type AlertContext } from './alert.ts';
import * as promql from './expressions.ts';
import * as kubernetes from './kubernetes.ts';

/** Two nights without one may pass before somebody has to look. */
const staleVerificationSeconds = 2 * day;

/** Can we recover, and to which point? */
export const recoveryAlerts = (context: AlertContext): readonly Alert[] => {
  const { targets, anomalies } = context.plan;
  return [
    {
      alert: 'BackupTooOld',
      severity: 'critical',
      expr: promql.olderThanRpo(context),
      // on a daily schedule with an objective of a day, age passes it by one run's duration before the next archive counts
      forSeconds: longest(targets.map(({ deadline }) => deadline)) + slackSeconds,
      summary: 'The newest backup of {{ $labels.target }} is older than its RPO',
      description: 'A loss of the database now would lose the last {{ $value | humanizeDuration }} of data.',
    },
    {
      alert: 'BackupMissing',
      severity: 'critical',
      expr: promql.neverBackedUp(context),
      forSeconds: longest(targets.map(({ rpo }) => rpo)),
      summary: '{{ $labels.target }} has no backup at all',
      description: 'The plan names {{ $labels.target }}, but no committed archive of it exists.',
    },
    {
      alert: 'BackupShrunk',
      severity: 'warning',
      expr: promql.shrunkBelow(context, 1 - anomalies.dropPercent / 100),
      forSeconds: 10 * minute,
      summary: 'The newest backup of {{ $labels.target }} is much smaller than those before it',
      description:
        'It has {{ $value | humanizePercentage }} of the usual size. Data may be missing at the source.',
    },
    {
      alert: 'BackupUnusual',
      severity: 'warning',
      expr: promql.unusual(context),
      forSeconds: 10 * minute,
      summary: 'The newest backup of {{ $labels.target }} is unusual',
      description: '{{ $value }} figures are unusual; the log of the backup and the report name them.',
    },
    {
      alert: 'BackupKeyMissing',
      severity: 'critical',
      expr: promql.withoutKey(context),
      forSeconds: 10 * minute,
      summary: 'No key can decrypt some backups of {{ $labels.target }}',
      description: '{{ $value }} archives were encrypted with a passphrase that the plan does not have.',
    },
  ];
};

/** Were archives read, and found good? */
export const verificationAlerts = (context: AlertContext): readonly Alert[] => [
  {
    alert: 'BackupVerificationFailed',
    severity: 'critical',
    expr: `${promql.lastRunFailed(context, 'verify')} or on () ${kubernetes.failedSinceSuccess(context, [names.verification])}`,
    forSeconds: 5 * minute,
    summary:
      'Verification found damaged or missing backups{{ with $labels.target }} of {{ . }}{{ end }}, or could not run',
    description: 'No verification has succeeded since the last one failed.',
  },
  {
    alert: 'BackupNotVerified',
    severity: 'warning',
    expr: promql.verifiedLongAgo(context, staleVerificationSeconds),
    forSeconds: hour,
    summary: 'No backup of {{ $labels.target }} was verified in two days',
    description: 'The last successful verification was {{ $value | humanizeDuration }} ago.',
  },
  {
    alert: 'BackupNeverVerified',
    severity: 'warning',
    expr: promql.neverVerified(context),
    forSeconds: staleVerificationSeconds,
    summary: 'No backup of {{ $labels.target }} was ever verified',
    description: 'Archives exist, and no verification of any has succeeded.',
  },
];
