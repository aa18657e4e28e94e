import { cronJobName, cronJobNames } from '../runtime/src/contract/names.ts';
import type { Alert, AlertContext } from './alert.ts';
import * as promql from './expressions.ts';

const overdueSeconds = 3600;

export const jobAlerts = ({ namespace, plan }: AlertContext): readonly Alert[] => {
  const backups = plan.targets.map(({ name }) => cronJobName(name));
  const all = cronJobNames(plan.targets);
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
