/**
 * Keys of ConfigMap `backup-config` besides plan.json. A pod gets each as an environment variable; the runtime
 * lets it win over the plan, so that on-call can change one value with `kubectl edit configmap backup-config`.
 */
export const overrides = {
  BACKUP_RETENTION_DAYS: 'days that daily archives are kept, for targets without a retention of their own',
  BACKUP_REMOTE_SYNC: '"true" copies every archive to the remote store',
  BACKUP_REMOTE_BASE: 'the remote store, as s3://bucket/prefix',
  BACKUP_ENCRYPTION_ENABLED: '"false" stores archives unencrypted; refused in prod',
  NOTIFICATION_ENABLED: '"true" sends notifications',
  LOG_LEVEL: 'DEBUG, INFO, WARN or ERROR',
} as const;

export type Override = keyof typeof overrides;
