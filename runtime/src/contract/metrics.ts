/**
 * What the number is. `timestamp`: Unix time in seconds; `boolean`: 1 or 0; `info`: always 1, the labels tell.
 * Seconds and bytes are the last word of the name, as is `ratio`.
 */
export type Unit = 'timestamp' | 'seconds' | 'bytes' | 'ratio' | 'count' | 'boolean' | 'info' | 'code';

/** A gauge of `grill-backup serve`. Exporter, alerts, dashboards and docs take names from here. */
export interface Metric {
  readonly name: string;
  readonly unit: Unit;
  /** Besides `environment`, which every series carries. */
  readonly labels: readonly string[];
  readonly help: string;
}

const gauge = <const Labels extends readonly string[]>(
  name: string,
  unit: Unit,
  labels: Labels,
  help: string,
) => ({ name: `grill_backup_${name}`, unit, labels, help }) satisfies Metric;

const perTarget = ['target'] as const;
const perTier = ['target', 'tier'] as const;
const perCommand = ['target', 'command'] as const;
const perStore = ['store'] as const;
const perCopy = ['store', 'target'] as const;
const perWindow = ['target', 'window'] as const;

/** Label of every series: the plan's environment. */
export const environmentLabel = 'environment';

/** Objectives, from the plan. */
// prettier-ignore
const objectives = {
  targetInfo: gauge('target_info', 'info', ['target', 'engine'], 'A target of the plan and its engine.'),
  rpo: gauge('rpo_seconds', 'seconds', perTarget, 'Recovery point objective of the target.'),
  rto: gauge('rto_seconds', 'seconds', perTarget, 'Recovery time objective of the target.'),
  nextRunAt: gauge('next_run_timestamp_seconds', 'timestamp', perTarget, 'When the schedule starts the next backup.'),
} as const;

/** The newest committed archive of a target; absent where there is none. */
// prettier-ignore
const newest = {
  newestInfo: gauge('newest_archive_info', 'info', ['target', 'archive', 'key_id', 'server_version'], 'The newest archive, the key that sealed it (none: not encrypted) and the server it came from.'),
  newestFinishedAt: gauge('last_success_timestamp_seconds', 'timestamp', perTarget, 'When the newest committed archive was finished.'),
  recoveryPoint: gauge('recovery_point_timestamp_seconds', 'timestamp', perTarget, 'Recovery point of the target: the start of the dump of its newest committed archive, or the end of its log that can be restored, where that is later.'),
  duration: gauge('duration_seconds', 'seconds', perTarget, 'How long the newest archive took to make.'),
  sourceBytes: gauge('source_bytes', 'bytes', perTarget, 'Bytes that the newest backup read from the database.'),
  archiveBytes: gauge('archive_bytes', 'bytes', perTarget, 'Size of the newest archive.'),
  sizeRatio: gauge('size_ratio', 'ratio', perTarget, 'Size of the newest archive over the median of the seven before it.'),
  items: gauge('items', 'count', ['target', 'kind'], 'Rows, keys, points or objects in the newest archive.'),
  anomalies: gauge('anomalies', 'count', perTarget, 'What is unusual about the newest archive, compared with those before it.'),
} as const;

/** All archives of a target in the primary store. */
// prettier-ignore
const kept = {
  archives: gauge('archives', 'count', perTier, 'Committed archives.'),
  tierBytes: gauge('tier_bytes', 'bytes', perTier, 'Size of the archives of a tier together.'),
  tierNewest: gauge('tier_newest_timestamp_seconds', 'timestamp', perTier, 'Start of the newest archive of a tier.'),
  tierOldest: gauge('tier_oldest_timestamp_seconds', 'timestamp', perTier, 'Start of the oldest archive of a tier.'),
  withoutKey: gauge('archives_without_key', 'count', perTarget, 'Committed archives that no key of the plan opens.'),
  broken: gauge('broken_archives', 'count', perTarget, 'Archives that were set aside: their manifest is unreadable or fails authentication, belongs to another target or environment, or is dated in the future. They do not count.'),
  retentionFrozen: gauge('retention_frozen', 'boolean', perTarget, 'Whether retention is frozen: nothing is pruned while the last backup failed, for another reason than a full store.'),
} as const;

/** What the stores have of the log, for targets with `pointInTime`; absent where it could not be read. */
// prettier-ignore
const log = {
  logWindowStart: gauge('log_window_start_timestamp_seconds', 'timestamp', perWindow, 'Oldest instant of a window: from it to the end of the window any instant can be restored. Window 1 is the newest; holes lie between. Absent while no instant can be restored.'),
  logWindowEnd: gauge('log_window_end_timestamp_seconds', 'timestamp', perWindow, 'Newest instant of a window.'),
  logHoles: gauge('log_holes', 'count', perTarget, 'Holes in the stored log from the oldest base on, recorded as gaps or not: from each one to the next base no instant can be restored.'),
  bases: gauge('bases', 'count', perTarget, 'Bases in the primary store that count.'),
  brokenBases: gauge('broken_bases', 'count', perTarget, 'Bases that were set aside, for the reasons of broken archives. They do not count.'),
  newestBaseAt: gauge('newest_base_timestamp_seconds', 'timestamp', perTarget, 'When the newest base was begun.'),
} as const;

/** What was proven; absent until it was. */
// prettier-ignore
const proven = {
  lastVerifiedAt: gauge('last_verified_timestamp_seconds', 'timestamp', perTarget, 'When an archive last passed a verification or a drill.'),
  verifiedPoint: gauge('verified_recovery_point_timestamp_seconds', 'timestamp', perTarget, 'Start of the newest verified archive.'),
  lastDrillAt: gauge('last_drill_timestamp_seconds', 'timestamp', perTarget, 'When the last drill of the target ended, also one that could not run.'),
  lastDrillOk: gauge('last_drill_success', 'boolean', perTarget, 'Whether the last drill restored the archive and found it equal.'),
  lastGoodDrillAt: gauge('last_drill_success_timestamp_seconds', 'timestamp', perTarget, 'When a drill last restored an archive and found it equal.'),
  measuredRto: gauge('measured_rto_seconds', 'seconds', perTarget, 'How long the restore took in the last drill that succeeded.'),
  lastLogDrillAt: gauge('last_log_drill_timestamp_seconds', 'timestamp', perTarget, 'When a drill last tried to recover the target to an instant of its log, also where that failed.'),
  lastLogDrillOk: gauge('last_log_drill_success', 'boolean', perTarget, 'Whether the last drill recovered the instants of the log that it tried, and found no difference.'),
  lastGoodLogDrillAt: gauge('last_log_drill_success_timestamp_seconds', 'timestamp', perTarget, 'When a drill last recovered the target to an instant of its log.'),
  measuredLogRto: gauge('measured_log_rto_seconds', 'seconds', perTarget, 'How long the recovery to an instant took in the last drill that succeeded, with reading all of what was recovered.'),
  lastAgreedAt: gauge('last_log_agreement_timestamp_seconds', 'timestamp', perTarget, 'When a recovery to the instant of an archive last had the very data of that archive.'),
} as const;

/** The last run of each command; `drill` is `verify --level drill`. A run that met the lock of another does not count. */
// prettier-ignore
const runs = {
  lastRunAt: gauge('last_run_timestamp_seconds', 'timestamp', perCommand, 'When the last run ended.'),
  lastRunOk: gauge('last_run_success', 'boolean', perCommand, 'Whether the last run succeeded.'),
  lastRunExitCode: gauge('last_run_exit_code', 'code', perCommand, 'Exit code of the last run.'),
  lastRunDuration: gauge('last_run_duration_seconds', 'seconds', perCommand, 'How long the last run took.'),
  lockTakenAt: gauge('lock_taken_timestamp_seconds', 'timestamp', ['target', 'state'], 'Since when a run holds the lock; absent while it is free. State expired or dead: the run ended without releasing it.'),
  notified: gauge('notification_success', 'boolean', ['channel'], 'Whether the last notification on the channel was delivered.'),
} as const;

// prettier-ignore
const stores = {
  storeUp: gauge('store_up', 'boolean', perStore, 'Whether the store could be read.'),
  storeBytes: gauge('store_bytes', 'bytes', perStore, 'Size of all archives in the store; hard links count once.'),
  storeFreeBytes: gauge('store_free_bytes', 'bytes', perStore, 'Free space, where the store has a limit.'),
  storeSizeBytes: gauge('store_size_bytes', 'bytes', perStore, 'Size of the volume, where the store has a limit.'),
  storeFullSeconds: gauge('store_full_seconds', 'seconds', perStore, 'Time until the store is full, at the current growth of all targets under their retention; +Inf beyond the forecast.'),
  replicaMissing: gauge('replica_missing_archives', 'count', perCopy, 'Archives of the primary store that are missing in the replica.'),
  replicaPoint: gauge('replica_recovery_point_timestamp_seconds', 'timestamp', perCopy, 'Start of the newest archive that the replica has.'),
} as const;

// prettier-ignore
const exporter = {
  buildInfo: gauge('build_info', 'info', ['version'], 'Version of the exporter.'),
  refreshedAt: gauge('catalog_refresh_timestamp_seconds', 'timestamp', [], 'When the stores were last read; all other numbers are as of then.'),
  refreshDuration: gauge('catalog_refresh_duration_seconds', 'seconds', [], 'How long reading the stores took.'),
} as const;

/** Every metric, by the id under which the product refers to it. */
export const metrics = {
  ...objectives,
  ...newest,
  ...kept,
  ...log,
  ...proven,
  ...runs,
  ...stores,
  ...exporter,
} as const;

/**
 * What a Job pushes of its own run to a Pushgateway. Names of their own: a push that was lost must not make the exporter's
 * numbers look better than they are.
 */
// prettier-ignore
export const pushedMetrics = {
  jobEndedAt: gauge('job_end_timestamp_seconds', 'timestamp', perCommand, 'When the last run ended.'),
  jobOk: gauge('job_success', 'boolean', perCommand, 'Whether the last run succeeded.'),
  jobLastOkAt: gauge('job_last_success_timestamp_seconds', 'timestamp', perCommand, 'When the last run that succeeded ended.'),
  jobExitCode: gauge('job_exit_code', 'code', perCommand, 'Exit code of the last run.'),
  jobDuration: gauge('job_duration_seconds', 'seconds', perCommand, 'How long the last run took.'),
  jobSourceBytes: gauge('job_source_bytes', 'bytes', perCommand, 'Bytes that the last run read from the database, or restored.'),
  jobArchiveBytes: gauge('job_archive_bytes', 'bytes', perCommand, 'Size of the archive that the last run made or read.'),
} as const;

/** What a receiver of a log says of itself: `grill-backup receive`. Sizes are since its start. */
// prettier-ignore
export const receiverMetrics = {
  walConnected: gauge('wal_connected', 'boolean', perTarget, 'Whether the log of the database flows.'),
  walInfo: gauge('wal_info', 'info', ['target', 'system', 'timeline'], 'The system and timeline that the log is of.'),
  walRecoveryPoint: gauge('wal_recovery_point_timestamp_seconds', 'timestamp', perTarget, 'Every commit before it is in the store, by the clock of the server.'),
  walLagSeconds: gauge('wal_lag_seconds', 'seconds', perTarget, 'How far the recovery point of the log is behind.'),
  walLagBytes: gauge('wal_lag_bytes', 'bytes', perTarget, 'Log that the server has and the store has not.'),
  walGaps: gauge('wal_gaps', 'count', perTarget, 'Recorded gaps in the stored log of the system.'),
  walPieces: gauge('wal_pieces', 'count', perTarget, 'Pieces stored since the receiver started.'),
  walLogBytes: gauge('wal_log_bytes', 'bytes', perTarget, 'Log stored since the receiver started.'),
  walStoredBytes: gauge('wal_stored_bytes', 'bytes', perTarget, 'Size of the pieces stored since the receiver started.'),
  walSlot: gauge('wal_slot_info', 'info', ['target', 'slot', 'status'], 'The replication slot and how it stands: idle, active, lost or absent.'),
  walSlotSafeBytes: gauge('wal_slot_safe_bytes', 'bytes', perTarget, 'Log that may still be written before the server gives the slot up, where it has a limit.'),
} as const;

export type MetricId = keyof typeof metrics;

/** Labels of a metric: `LabelsOf<'archives'>` is `'target' | 'tier'`. */
export type LabelsOf<Id extends MetricId> = (typeof metrics)[Id]['labels'][number];

/** Port of the exporter's HTTP server. */
export const metricsPort = 9187;

/** Port of a receiver's HTTP server. */
export const receiverPort = 9188;

/** Paths of the exporter's HTTP server: `health` answers as long as the process does, `ready` once the stores were read. */
export const metricsPaths = { metrics: '/metrics', health: '/healthz', ready: '/readyz' } as const;
