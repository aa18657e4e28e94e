import { names } from '../runtime/src/contract/names.ts';
import { longestGapSeconds } from '../runtime/src/plan/cron.ts';
import type { Alert, AlertContext } from './alert.ts';
import * as promql from './expressions.ts';

/** How late a drill may succeed: time to start it by hand, and for it to end. */
const graceSeconds = 86_400;

/** Was it shown that archives restore? */
export const drillAlerts = ({ namespace, plan }: AlertContext): readonly Alert[] => [
  {
    alert: 'BackupDrillFailed',
    severity: 'critical',
    expr: promql.failedSinceSuccess(namespace, [names.drill]),
    for: '5m',
    summary: 'A drill could not restore a backup, or could not run',
    description: 'No drill has succeeded since the last one failed.',
  },
  {
    alert: 'BackupNotDrilled',
    severity: 'warning',
    expr: promql.succeededLongAgo(
      namespace,
      names.drill,
      longestGapSeconds(plan.drill.schedule) + graceSeconds,
    ),
    for: '1h',
    summary: 'No drill has restored the backups for longer than its schedule allows',
    description:
      'The last one that succeeded, or the CronJob if none ever did, is {{ $value | humanizeDuration }} old.',
  },
];
