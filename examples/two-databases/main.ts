import { App } from 'cdk8s';
import { BackupSystem } from '../../src/index.ts';

// Backups of another platform, `ledger`: two PostgreSQL databases, one of them outside the cluster, and no other
// database; secrets from Vault by the External Secrets operator; archives on a MinIO of the company's own.
// `node examples/two-databases/main.ts` writes dist/; CDK8S_OUTDIR names another folder.

const app = new App();

new BackupSystem(app, 'ledger', {
  environment: 'live',
  namespace: 'ledger-data',
  platform: 'ledger',
  image: {
    repository: 'registry.ledger.example/platform/database-backup',
    tag: '0.2.0',
    digest: 'sha256:4f5ac1c9a1d2e6fb73c0d8b7b2a9e6d14c8f3e0b5a7d92c61e8f40b3a5d7c902',
    pullSecrets: ['registry-ledger'],
  },
  targets: [
    {
      name: 'accounts',
      engine: 'postgresql',
      connection: { host: 'accounts-rw', database: 'accounts', sslMode: 'require' },
      secret: { name: 'accounts-app', keys: { username: 'user' } },
      network: { podLabels: { 'cnpg.io/cluster': 'accounts' } },
      schedule: 'H H(0-3) * * *',
      rpo: '24h',
      rto: '45m',
    },
    {
      name: 'journal',
      engine: 'postgresql',
      connection: { host: 'journal.db.ledger.example', database: 'journal', sslMode: 'verify-full' },
      secret: { name: 'journal-credentials' },
      network: { cidrs: ['10.20.0.0/24'] },
      schedule: 'H/30 * * * *',
      deadline: '25m',
      rpo: '1h',
      retention: { days: 90, monthly: 84 },
    },
  ],
  verification: { schedule: '0 5 * * *', deadline: '2h' },
  retention: { days: 35 },
  encryption: { secret: 'ledger-backup-keys' },
  stores: {
    directory: {},
    s3: {
      base: 's3://ledger-backups/live',
      endpoint: 'https://minio.ledger.example:9000',
      forcePathStyle: true,
    },
  },
  network: { objectStore: { cidrs: ['10.30.0.8/32'] } },
  secrets: {
    externalSecret: {
      storeName: 'vault-ledger',
      storeKind: 'SecretStore',
      remoteKeys: { encryption: 'ledger/backup', notification: 'ledger/backup-notifications' },
    },
  },
  storage: { size: '200Gi', className: 'ceph-block' },
  resources: {
    requests: { cpu: '250m', memory: '512Mi', ephemeralStorage: '1Gi' },
    limits: { cpu: '2', memory: '1Gi', ephemeralStorage: '20Gi' },
  },
  access: { oncallGroups: ['ledger-oncall'], restoreGroups: ['ledger-dba'] },
  monitoring: {
    labels: { prometheus: 'ledger' },
    prometheusNamespace: 'observability',
    grafanaUrl: 'https://grafana.ledger.example',
    runbookUrl: 'https://runbooks.ledger.example/backups',
    team: 'ledger',
  },
});

app.synth();
