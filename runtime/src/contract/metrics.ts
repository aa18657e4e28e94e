/** A metric of `grill-backup serve`. Exporter, alerts, dashboards and docs take names from here. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
}

const perTarget = ['target'] as const;

export const metrics = {
  lastSuccess: {
    name: 'grill_backup_last_success_timestamp_seconds',
    help: 'Unix time at which the newest committed archive of the target was finished.',
    labels: perTarget,
  },
  lastVerified: {
    name: 'grill_backup_last_verified_timestamp_seconds',
    help: 'Unix time of the newest successful verification of an archive of the target.',
    labels: perTarget,
  },
  duration: {
    name: 'grill_backup_duration_seconds',
    help: 'Duration of the backup that made the newest archive.',
    labels: perTarget,
  },
  sourceBytes: {
    name: 'grill_backup_source_bytes',
    help: 'Bytes that the newest backup read from the database.',
    labels: perTarget,
  },
  archiveBytes: {
    name: 'grill_backup_archive_bytes',
    help: 'Size of the newest archive.',
    labels: perTarget,
  },
  archives: {
    name: 'grill_backup_archives',
    help: 'Committed archives of the target per tier.',
    labels: ['target', 'tier'],
  },
  anomalies: {
    name: 'grill_backup_anomalies',
    help: 'What is unusual about the newest archive of the target, compared with those before it.',
    labels: perTarget,
  },
  rpo: {
    name: 'grill_backup_rpo_seconds',
    help: 'Recovery point objective of the target, from the plan.',
    labels: perTarget,
  },
  storeFreeBytes: {
    name: 'grill_backup_store_free_bytes',
    help: 'Free space of the store, where it has a limit.',
    labels: ['store'],
  },
} as const satisfies Record<string, Metric>;

/** Port of the exporter's HTTP server. */
export const metricsPort = 9187;

/** Paths of the exporter's HTTP server; `health` answers as long as the process does. */
export const metricsPaths = { metrics: '/metrics', health: '/healthz' } as const;
