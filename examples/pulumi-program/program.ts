import * as pulumi from '@pulumi/pulumi';
import { BackupStack } from '../../src/pulumi/component.ts';

// The backups of another platform, `orders`, as a part of somebody's own Pulumi program: one PostgreSQL database, a bucket
// that Pulumi makes, a role of the pods rather than an access key, the passphrase from the stack's configuration or ESC.
// A default export that is a function is what Pulumi calls, and what deploy.ts hands to the Automation API.

export default () => {
  const config = new pulumi.Config();
  const backups = new BackupStack('orders', {
    environment: {
      environment: 'live',
      namespace: 'orders-data',
      platform: 'orders',
      image: { repository: 'registry.orders.example/platform/database-backup', tag: '0.1.0' },
      targets: [
        {
          name: 'orders',
          engine: 'postgresql',
          connection: { host: 'orders-rw', database: 'orders', sslMode: 'verify-full' },
          secret: { name: 'orders-app' },
          network: { podLabels: { 'cnpg.io/cluster': 'orders' } },
          schedule: 'H 2 * * *',
          rpo: '24h',
          rto: '45m',
        },
      ],
      verification: { schedule: '0 5 * * *', deadline: '2h' },
      retention: { days: 35 },
      encryption: {},
      stores: {
        directory: {},
        s3: {
          base: 's3://orders-backups',
          region: 'eu-west-1',
          credentials: 'default-chain',
          checksums: 'when-supported',
        },
      },
      secrets: { pulumi: true },
      storage: { size: '50Gi' },
      resources: {
        requests: { cpu: '250m', memory: '512Mi', ephemeralStorage: '1Gi' },
        limits: { cpu: '2', memory: '1Gi', ephemeralStorage: '20Gi' },
      },
      monitoring: {
        grafanaUrl: 'https://grafana.orders.example',
        runbookUrl: 'https://runbooks.orders.example/backups',
        team: 'orders',
      },
      aws: {
        enabled: true,
        accountId: '123456789012',
        irsa: { issuer: 'oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B716D3041E' },
        objectLock: { mode: 'GOVERNANCE', days: 14 },
      },
    },
    secrets: { 'encryption-key': config.requireSecret('encryption-key') },
    cluster: { kubeconfig: config.getSecret('kubeconfig'), clusterIdentifier: 'orders-live' },
  });
  return {
    schedules: backups.schedules,
    bucket: backups.store?.bucket,
    role: backups.store?.identityArn,
  };
};
