import { names } from '../runtime/src/contract/names.ts';
import type { Alert, AlertContext } from './alert.ts';
import * as promql from './expressions.ts';

export const storageAlerts = ({ namespace }: AlertContext): readonly Alert[] => [
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
