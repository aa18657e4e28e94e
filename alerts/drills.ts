import { names } from '../runtime/src/contract/names.ts';
import { longestGapSeconds } from '../runtime/src/plan/cron.ts';
import { day, hour, minute, type Alert, type AlertContext } from './alert.ts';
import * as promql from './expressions.ts';
import * as kubernetes from './kubernetes.ts';

/** How late a drill may succeed: time to start it by hand, and for it to end. */
const graceSeconds = day;

/** Was it shown that archives restore, and in time? */
export const drillAlerts = (context: AlertContext): readonly Alert[] => {
  const allowedSeconds = longestGapSeconds(context.plan.drill.schedule) + graceSeconds;
  return [
    {
      alert: 'BackupDrillFailed',
      severity: 'critical',
      expr: `${promql.drillFailed(context)} or on () ${kubernetes.failedSinceSuccess(context, [names.drill])}`,
      forSeconds: 5 * minute,
      summary:
        'A drill could not restore a backup{{ with $labels.target }} of {{ . }}{{ end }}, or could not run',
      description: 'No drill has succeeded since the last one failed.',
    },
    {
      alert: 'BackupNotDrilled',
      severity: 'warning',
      expr: `${promql.drilledLongAgo(context, allowedSeconds)} or on () ${kubernetes.succeededLongAgo(context, names.drill, allowedSeconds)}`,
      forSeconds: hour,
      summary:
        'No drill has restored the backups{{ with $labels.target }} of {{ . }}{{ end }} for longer than its schedule allows',
      description:
        'The last one that succeeded, or the CronJob if none ever did, is {{ $value | humanizeDuration }} old.',
    },
    {
      alert: 'BackupDrillSlow',
      severity: 'warning',
      expr: promql.slowerThanRto(context),
      forSeconds: 5 * minute,
      summary: 'Restoring {{ $labels.target }} takes longer than its RTO',
      description: 'The restore of the last drill took {{ $value | humanizeDuration }}.',
    },
  ];
};
