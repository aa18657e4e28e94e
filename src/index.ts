/** The constructs as a library: docs/how-to/library.md. */
export { BackupAccess, type BackupAccessProps } from './constructs/access.ts';
export { BackupCronJob, type BackupCronJobProps } from './constructs/backup-cron-job.ts';
export {
  BackupSystem,
  synthesize,
  type BackupSystemProps,
  type Concern,
  type KubernetesObject,
} from './constructs/backup-system.ts';
export { BackupMonitoring, type BackupMonitoringProps } from './constructs/monitoring.ts';
export { BackupNetwork, type BackupNetworkProps } from './constructs/network.ts';
export { BackupSecrets, type BackupSecretsProps } from './constructs/secrets.ts';
export { BackupStorage, type BackupStorageProps } from './constructs/storage.ts';
export { parseEnvironment, readEnvironment, type Environment } from './environment/environment.ts';
