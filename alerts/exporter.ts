import { cronJobNames } from '../runtime/src/contract/names.ts';
import { minute, type Alert, type AlertContext } from './alert.ts';
import * as promql from './expressions.ts';
import * as kubernetes from './kubernetes.ts';

/** The exporter reads the stores every minute. */
const staleSeconds = 15 * minute;

/** Would anybody notice? */
export const watchingAlerts = (context: AlertContext): readonly Alert[] => {
  const { targets } = context.plan;
  const cronJobs = cronJobNames(targets);
  return [
    {
      alert: 'BackupNotificationFailed',
      severity: 'warning',
      expr: promql.notificationFailed(context),
      forSeconds: 10 * minute,
      summary: 'Notifications through {{ $labels.channel }} are not delivered',
      description: 'The last one failed, so the next failure will not reach anybody this way.',
    },
    {
      alert: 'BackupMetricsAbsent',
      severity: 'critical',
      expr: promql.exporterSilent(context),
      forSeconds: 15 * minute,
      summary: 'The backup exporter publishes no metrics',
      description: 'Until it does, no other alert on archives can fire.',
    },
    {
      alert: 'BackupMetricsStale',
      severity: 'critical',
      expr: promql.catalogStale(context, staleSeconds),
      forSeconds: 5 * minute,
      summary: 'The backup exporter cannot read the store',
      description: 'Its metrics are {{ $value | humanizeDuration }} old.',
    },
    {
      alert: 'BackupTargetUnwatched',
      severity: 'warning',
      expr: promql.fewerTargets(context),
      forSeconds: 15 * minute,
      summary: 'The backup exporter reports on too few targets',
      description: `It reports on {{ $value }} of ${targets.length} targets.`,
    },
    {
      alert: 'BackupCronJobAbsent',
      severity: 'critical',
      expr: kubernetes.fewerCronJobs(context, cronJobs),
      forSeconds: 15 * minute,
      summary: 'CronJobs of the backup system are missing, or kube-state-metrics is down',
      description: `{{ $value }} of ${cronJobs.length} CronJobs are found.`,
    },
  ];
};
