import { day, longest, minute, slackSeconds, type Alert, type AlertContext } from './alert.ts';
import * as promql from './expressions.ts';

/** Is there a place for the next archives, and a second one? */
export const storageAlerts = (context: AlertContext): readonly Alert[] => {
  const { targets, anomalies } = context.plan;
  return [
    {
      alert: 'BackupStorageLow',
      severity: 'warning',
      expr: promql.freeBelow(context, 0.2),
      forSeconds: 15 * minute,
      summary: 'The {{ $labels.store }} store is over 80 % full',
      description: '{{ $value | humanizePercentage }} of it is free.',
    },
    {
      alert: 'BackupStorageFilling',
      severity: 'warning',
      expr: promql.fullWithin(context, anomalies.forecastDays * day),
      forSeconds: 15 * minute,
      summary: 'The {{ $labels.store }} store will be full in {{ $value | humanizeDuration }}',
      description: 'At the current growth of all targets under their retention.',
    },
    {
      alert: 'BackupStorageFull',
      severity: 'critical',
      expr: promql.holdsFewerRounds(context, 2),
      forSeconds: 15 * minute,
      summary: 'The {{ $labels.store }} store has no room for two more rounds of backups',
      description: '{{ $value | humanize1024 }}B are free.',
    },
    {
      alert: 'BackupStoreDown',
      severity: 'warning',
      expr: promql.storeDown(context),
      forSeconds: 15 * minute,
      summary: 'The {{ $labels.store }} store cannot be read',
      description: 'Backups are not copied there, and its contents are unknown.',
    },
    {
      alert: 'BackupNotReplicated',
      severity: 'warning',
      expr: promql.replicaBehind(context),
      // an archive counts as soon as it is in the primary store, and is copied by the same run
      forSeconds: longest(targets.map(({ deadline }) => deadline)) + slackSeconds,
      summary: 'Backups of {{ $labels.target }} are missing in {{ $labels.store }}',
      description: '{{ $value }} archives exist only in the primary store.',
    },
    {
      alert: 'BackupRetentionFrozen',
      severity: 'warning',
      expr: promql.retentionFrozen(context),
      forSeconds: 2 * longest(targets.map(({ rpo }) => rpo)),
      summary: 'Old backups of {{ $labels.target }} are not removed',
      description: 'Nothing is pruned while its backups fail, so the store fills up.',
    },
  ];
};
