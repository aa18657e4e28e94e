import { cronJobName, names } from '../runtime/src/contract/names.ts';
import { secondsOf } from '../runtime/src/plan/duration.ts';
import type { Plan } from '../runtime/src/plan/schema.ts';
import * as promql from './expressions.ts';

/** What the alerts depend on besides metric names. */
export interface AlertContext {
  readonly namespace: string;
  /** Label `team` of every alert. */
  readonly team: string;
  /** Page of RUNBOOK.md. */
  readonly runbookUrl: string;
  readonly grafanaUrl: string;
  readonly plan: Plan;
}

/** `critical` pages, `warning` waits for the morning. */
interface Alert {
  readonly alert: string;
  readonly severity: 'critical' | 'warning';
  readonly expr: string;
  /** How long the expression has to hold. */
  readonly for: string;
  readonly summary: string;
  readonly description: string;
}

/** Two nights without one may pass before somebody has to look. */
const staleVerificationSeconds = 2 * 86_400;
const overdueSeconds = 3600;

const longest = (durations: readonly string[]): string =>
  durations.reduce((most, text) => (secondsOf(text) > secondsOf(most) ? text : most));

const recoveryAlerts = ({ namespace, plan }: AlertContext): readonly Alert[] => [
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
];

const verificationAlerts = ({ namespace }: AlertContext): readonly Alert[] => [
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

const jobAlerts = ({ namespace, plan }: AlertContext): readonly Alert[] => {
  const backups = plan.targets.map(({ name }) => cronJobName(name));
  const all = [...backups, names.verification];
  return [
    {
      alert: 'BackupJobFailed',
      severity: 'critical',
      expr: promql.failedSinceSuccess(namespace, backups),
      for: '5m',
      summary: 'The last run of {{ $labels.cronjob }} failed',
      description: 'No Job of CronJob {{ $labels.cronjob }} has succeeded since.',
    },
    {
      alert: 'BackupJobOverdue',
      severity: 'warning',
      expr: promql.overdue(namespace, all, overdueSeconds),
      for: '10m',
      summary: '{{ $labels.cronjob }} was due and has not started',
      description: 'It is {{ $value | humanizeDuration }} late.',
    },
    {
      alert: 'BackupJobSuspended',
      severity: 'warning',
      expr: promql.suspended(namespace, all),
      for: '1h',
      summary: '{{ $labels.cronjob }} is suspended',
      description: 'No run starts until `suspend` of CronJob {{ $labels.cronjob }} is false.',
    },
  ];
};

const storageAlerts = ({ namespace }: AlertContext): readonly Alert[] => [
  {
    alert: 'BackupStorageLow',
    severity: 'warning',
    expr: promql.volumeBelow(namespace, names.volumeClaim, 0.2),
    for: '15m',
    summary: 'The backup volume is over 80 % full',
    description:
      '{{ $value | humanizePercentage }} of volume claim {{ $labels.persistentvolumeclaim }} is free.',
  },
  {
    alert: 'BackupStorageFull',
    severity: 'critical',
    expr: promql.holdsFewerRounds(namespace, 2),
    for: '15m',
    summary: 'The {{ $labels.store }} store has no room for two more rounds of backups',
    description: '{{ $value | humanize1024 }}B are free.',
  },
  {
    alert: 'BackupMetricsAbsent',
    severity: 'critical',
    expr: promql.exporterSilent(namespace),
    for: '15m',
    summary: 'The backup exporter reports nothing',
    description: 'No other alert on archives can fire until it does.',
  },
];

/** Labels and links that every alert carries are added here and nowhere else. */
const ruleOf = (
  { team, runbookUrl, grafanaUrl }: AlertContext,
  { alert, severity, expr, summary, description, ...rest }: Alert,
) => ({
  alert,
  expr,
  for: rest.for,
  labels: { severity, team },
  annotations: {
    summary,
    description,
    runbook_url: `${runbookUrl}#${alert.toLowerCase()}`,
    dashboard_url: `${grafanaUrl}/d/${names.monitoring}`,
  },
});

/** Groups of PrometheusRule `backup-alerts`. */
export const alertGroups = (context: AlertContext) =>
  Object.entries({
    'backup-recovery': recoveryAlerts(context),
    'backup-verification': verificationAlerts(context),
    'backup-jobs': jobAlerts(context),
    'backup-storage': storageAlerts(context),
  }).map(([name, alerts]) => ({ name, rules: alerts.map((alert) => ruleOf(context, alert)) }));
