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
  servicesRole: 'backup-restore-services',
  oncallRole: 'backup-oncall',
  exporter: 'backup-exporter',
  alerts: 'backup-alerts',
  monitoring: 'backup-monitoring',
  dashboard: 'backup-monitoring-dashboard',
  targetDashboard: 'backup-target-dashboard',
} as const;

/** Word for the restore of every target, in the plan's order. */
export const allTargets = 'full';

/** CronJob of a target: `postgresql` → `postgresql-backup`. */
export const cronJobName = (target: string): string => `${target}-backup`;

/** Every CronJob of a plan. */
export const cronJobNames = (targets: readonly { readonly name: string }[]): readonly string[] => [
  ...targets.map(({ name }) => cronJobName(name)),
  names.verification,
  names.drill,
];

/** Folder of a store that holds verification reports. */
export const verificationFolder = 'verification';

/** Folder of a store that holds reports of single pods of a run. */
export const reportPartsFolder = `${verificationFolder}/parts`;

/** Folder of a store that holds the offline recovery kit. */
export const recoveryFolder = 'recovery';

/**
 * Start of every alias's file name, and of nothing else: archives start with their target's name, which holds no
 * underscore. Stores without links tell aliases from objects by it.
 */
export const aliasPrefix = 'latest_';

/** Alias of the newest committed archive, without the archive's suffix. */
export const latestAlias = `${aliasPrefix}backup`;
