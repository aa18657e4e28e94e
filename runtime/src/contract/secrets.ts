/** Secrets that the backup system owns, and their keys. Values never appear in a manifest. */
export const secrets = {
  encryption: {
    name: 'backup-encryption-secret',
    keys: { passphrase: 'encryption-key', s3AccessKey: 's3-access-key', s3SecretKey: 's3-secret-key' },
  },
  notification: {
    name: 'backup-notification-secret',
    keys: { webhookUrl: 'webhook-url', slackToken: 'slack-token', emailPassword: 'email-password' },
  },
} as const;

/**
 * Folder and file among the Secrets with what proves archives and decrypts none. No Secret of Kubernetes: the first container
 * of a console's pod makes it in memory.
 */
export const verificationKeys = { name: 'backup-verification-keys', file: 'keys.json' } as const;
