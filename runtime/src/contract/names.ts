/** Names of objects and files that more than one part of the product refers to. */
export const names = {
  program: 'grill-backup',
  verification: 'backup-verification',
  drill: 'backup-drill',
  restorePod: 'backup-restore-job',
  configMap: 'backup-config',
  scriptsConfigMap: 'backup-scripts',
  volumeClaim: 'backup-storage-pvc',
  operatorAccount: 'backup-operator',
  restoreAccount: 'backup-restore',
  receiverAccount: 'backup-receiver',
  servicesRole: 'backup-restore-services',
  oncallRole: 'backup-oncall',
  exporter: 'backup-exporter',
  /** Deployment, Service and account of the console. */
  console: 'backup-console',
  receivers: 'backup-receivers',
  alerts: 'backup-alerts',
  monitoring: 'backup-monitoring',
  dashboard: 'backup-monitoring-dashboard',
  targetDashboard: 'backup-target-dashboard',
} as const;

/** Where the job image has the program. */
export const programPath = `/usr/local/bin/${names.program}`;

/** Word for the restore of every target, in the plan's order. */
export const allTargets = 'full';

/** CronJob of a target: `postgresql` → `postgresql-backup`. */
export const cronJobName = (target: string): string => `${target}-backup`;

/** CronJob that backs a target up between the nights: `influxdb` → `influxdb-hourly`. */
export const hourlyCronJobName = (target: string): string => `${target}-hourly`;

/** CronJob that takes bases of a target: `postgresql` → `postgresql-base`. */
export const baseCronJobName = (target: string): string => `${target}-base`;

/** Deployment that receives the log of a target: `postgresql` → `postgresql-wal`. */
export const receiverName = (target: string): string => `${target}-wal`;

/** What of a target says which workloads it has. */
export interface NamedTarget {
  readonly name: string;
  /** Present where its log is kept. */
  readonly pointInTime?: unknown;
  /** An object where it is backed up between the nights. */
  readonly increments?: unknown;
}

/** True where a target is backed up between the nights. */
export const hasIncrements = ({ increments }: NamedTarget): boolean => typeof increments === 'object';

const withLog = (targets: readonly NamedTarget[]): readonly string[] =>
  targets.flatMap(({ name, pointInTime }) => (pointInTime === undefined ? [] : [name]));

/** Every Deployment of a plan that receives a log. */
export const receiverNames = (targets: readonly NamedTarget[]): readonly string[] =>
  withLog(targets).map(receiverName);

/** Service accounts of the pods of a plan. */
export const podAccounts = (targets: readonly NamedTarget[]): readonly string[] => [
  names.operatorAccount,
  names.restoreAccount,
  ...(withLog(targets).length > 0 ? [names.receiverAccount] : []),
];

/** Every CronJob of a plan. */
export const cronJobNames = (targets: readonly NamedTarget[]): readonly string[] => [
  ...targets.map(({ name }) => cronJobName(name)),
  ...targets.filter(hasIncrements).map(({ name }) => hourlyCronJobName(name)),
  ...withLog(targets).map(baseCronJobName),
  names.verification,
  names.drill,
];

/** Folder of a store that holds verification reports. */
export const verificationFolder = 'verification';

/** Folder of a store that holds reports of single pods of a run. */
export const reportPartsFolder = `${verificationFolder}/parts`;

/** Folder of a store that holds the audit trail. */
export const auditFolder = 'audit';

/** Folder of a store that holds the offline recovery kit. */
export const recoveryFolder = 'recovery';

/**
 * Start of every alias's file name, and of nothing else: archives start with their target's name, which holds no
 * underscore. Stores without links tell aliases from objects by it.
 */
export const aliasPrefix = 'latest_';

/** Alias of the newest committed archive, without the archive's suffix. */
export const latestAlias = `${aliasPrefix}backup`;
