import { baseCronJobName } from '../runtime/src/contract/names.ts';
import { longestGapSeconds } from '../runtime/src/plan/cron.ts';
import { day, hour, longest, minute, type Alert, type AlertContext } from './alert.ts';
import * as promql from './expressions.ts';
import * as kubernetes from './kubernetes.ts';

/** How late a base may succeed: time to start it by hand, and for it to end. */
const baseGraceSeconds = day;

/** An idle database writes once a minute; a store or a server that restarts is away for about another. */
const usualLagSeconds = 2 * minute;

/** Pieces that a receiver may be behind before it is taken to lag: a busy quarter of an hour passes by itself. */
const piecesBehind = 6;

/** A gap is told for so long: then the base that it asks for was taken, or `status` says that it was not. */
const gapToldSeconds = 6 * hour;

/** Time to find out why a receiver is behind before the server gives its slot up. */
const slotWarningSeconds = 4 * hour;

type TargetWithLog = AlertContext['plan']['targets'][number] & { readonly pointInTime: object };

const hasLog = (target: AlertContext['plan']['targets'][number]): target is TargetWithLog =>
  target.pointInTime !== undefined;

const alertsOf = (context: AlertContext, targets: readonly TargetWithLog[]): readonly Alert[] => {
  const names = targets.map(({ name }) => name);
  const bases = names.map(baseCronJobName);
  const lagSeconds =
    piecesBehind * longest(targets.map(({ pointInTime }) => pointInTime.interval)) + usualLagSeconds;
  return [
    {
      alert: 'BackupLogNotReceived',
      severity: 'critical',
      expr: promql.logNotReceived(context, names),
      forSeconds: 5 * minute,
      summary: 'The log of {{ $labels.target }} is not received',
      description: 'Its recovery point stands still, and the server keeps log for the slot.',
    },
    {
      alert: 'BackupLogBehind',
      severity: 'critical',
      expr: promql.logBehind(context, lagSeconds),
      forSeconds: 5 * minute,
      summary: 'The stored log of {{ $labels.target }} is behind',
      description: 'A loss of the database now would lose the last {{ $value | humanizeDuration }} of data.',
    },
    {
      alert: 'BackupLogGap',
      severity: 'critical',
      expr: promql.logGapWithin(context, gapToldSeconds),
      forSeconds: minute,
      summary: 'A part of the log of {{ $labels.target }} is lost',
      description: 'No instant after the gap can be restored until a base is taken.',
    },
    {
      alert: 'BackupLogSlotNearLimit',
      severity: 'warning',
      expr: promql.slotLostWithin(context, slotWarningSeconds),
      forSeconds: 15 * minute,
      summary: 'The server will soon give up the slot of {{ $labels.target }}',
      description: 'At the present rate its limit is reached within four hours; log would then be lost.',
    },
    {
      alert: 'BackupLogSlotLost',
      severity: 'critical',
      expr: promql.slotLost(context),
      forSeconds: minute,
      summary: 'The server gave up the slot of {{ $labels.target }}',
      description: 'The receiver was behind by more than max_slot_wal_keep_size.',
    },
    {
      alert: 'BackupBaseFailed',
      severity: 'critical',
      expr: kubernetes.failedSinceSuccess(context, bases),
      forSeconds: 5 * minute,
      summary: 'The last run of {{ $labels.cronjob }} failed',
      description: 'No base has been taken since, so a restore to an instant replays more log each day.',
    },
    {
      alert: 'BackupBaseTooOld',
      severity: 'warning',
      expr: targets
        .map(({ name, pointInTime: { base } }) =>
          kubernetes.succeededLongAgo(
            context,
            baseCronJobName(name),
            longestGapSeconds(base.schedule) + baseGraceSeconds,
          ),
        )
        .join(' or '),
      forSeconds: hour,
      summary: '{{ $labels.cronjob }} has taken no base for longer than its schedule allows',
      description: 'The last one, or the CronJob if there is none, is {{ $value | humanizeDuration }} old.',
    },
  ];
};

/** Can any instant be restored, up to a moment ago? */
export const logAlerts = (context: AlertContext): readonly Alert[] => {
  const targets = context.plan.targets.filter(hasLog);
  return targets.length === 0 ? [] : alertsOf(context, targets);
};
