import { cronJobNames } from '../runtime/src/contract/names.ts';
import { hour, minute, type Alert, type AlertContext } from './alert.ts';
import * as promql from './expressions.ts';
import * as kubernetes from './kubernetes.ts';

/** A controller that was away for an hour still starts a run: `jobs.startingDeadline`. */
const overdueSeconds = hour;

/** Kubernetes ends a Job at its deadline, and its pod within the grace period. */
const lateSeconds = 10 * minute;

/** Do the runs run? */
export const jobAlerts = (context: AlertContext): readonly Alert[] => {
  const all = cronJobNames(context.plan.targets);
  return [
    {
      alert: 'BackupJobFailed',
      severity: 'critical',
      expr: `${promql.lastRunFailed(context, 'backup')} or on (target) ${kubernetes.backupFailed(context)}`,
      forSeconds: 5 * minute,
      summary: 'The last backup of {{ $labels.target }} failed',
      description: 'No run of it has succeeded since.',
    },
    {
      alert: 'BackupJobOverdue',
      severity: 'warning',
      expr: kubernetes.overdue(context, all, overdueSeconds),
      forSeconds: 10 * minute,
      summary: '{{ $labels.cronjob }} was due and has not started',
      description: 'It is {{ $value | humanizeDuration }} late.',
    },
    {
      alert: 'BackupJobSuspended',
      severity: 'warning',
      expr: kubernetes.suspended(context, all),
      forSeconds: hour,
      summary: '{{ $labels.cronjob }} is suspended',
      description: 'No run starts until `suspend` of CronJob {{ $labels.cronjob }} is false.',
    },
    {
      alert: 'BackupJobStuck',
      severity: 'warning',
      expr: kubernetes.stuck(context, all, lateSeconds),
      forSeconds: 15 * minute,
      summary: 'A run of {{ $labels.cronjob }} is stuck',
      description: 'Its pod is pending, or it has passed its deadline.',
    },
    {
      alert: 'BackupJobBlocked',
      severity: 'warning',
      expr: kubernetes.blocked(context, all),
      forSeconds: 10 * minute,
      summary: 'A run of {{ $labels.cronjob }} has no pod',
      description: 'A resource quota or an admission rule of the namespace refuses it.',
    },
  ];
};
