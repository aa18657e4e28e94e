import { always, day, kube, own, type Case } from './case.ts';

const webhook = own('notification_success', { channel: 'webhook' });
const refreshed = own('catalog_refresh_timestamp_seconds');

const targets = (names: readonly string[]) =>
  Object.fromEntries(names.map((target) => [own('rpo_seconds', { target }), always(day)]));

const cronJobs = (names: readonly string[]) =>
  Object.fromEntries(names.map((cronjob) => [kube('kube_cronjob_spec_suspend', { cronjob }), always(0)]));

const allCronJobs = [
  ...['postgresql-backup', 'influxdb-backup', 'redis-backup', 'postgresql-base'],
  ...['backup-verification', 'backup-drill'],
];

const gone = 'CronJobs of the backup system are missing, or kube-state-metrics is down';

export const watchingCases: readonly Case[] = [
  {
    alert: 'BackupNotificationFailed',
    story: 'the last notification was not delivered',
    ...{ series: { [webhook]: '1x5 0x20' }, at: '48m' },
    fires: {
      labels: { channel: 'webhook' },
      summary: 'Notifications through webhook are not delivered',
      description: 'The last one failed, so the next failure will not reach anybody this way.',
    },
  },
  {
    alert: 'BackupNotificationFailed',
    story: 'it was delivered',
    ...{ series: { [webhook]: always(1) }, at: '48m' },
  },
  {
    alert: 'BackupMetricsAbsent',
    story: 'the exporter stopped',
    ...{ series: { [own('rpo_seconds', { target: 'redis' })]: `${day}x5` }, at: '48m' },
    fires: {
      summary: 'The backup exporter publishes no metrics',
      description: 'Until it does, no other alert on archives can fire.',
    },
  },
  {
    alert: 'BackupMetricsAbsent',
    story: 'the exporter reports',
    ...{ series: targets(['redis']), at: '16m' },
  },
  {
    alert: 'BackupMetricsAbsent',
    story: 'only the exporter of another environment reports',
    series: { 'grill_backup_rpo_seconds{environment="dev",target="redis"}': always(day) },
    at: '16m',
    fires: {
      summary: 'The backup exporter publishes no metrics',
      description: 'Until it does, no other alert on archives can fire.',
    },
  },
  {
    alert: 'BackupMetricsStale',
    story: 'the exporter has not read the stores for twenty minutes',
    ...{ series: { [refreshed]: always(0) }, at: '24m' },
    fires: {
      summary: 'The backup exporter cannot read the store',
      description: 'Its metrics are 24m 0s old.',
    },
  },
  {
    alert: 'BackupMetricsStale',
    story: 'it reads them every minute',
    ...{ series: { [refreshed]: '0+240x30' }, at: '1h' },
  },
  {
    alert: 'BackupTargetUnwatched',
    story: 'the exporter has an old plan',
    ...{ series: targets(['postgresql', 'redis']), at: '20m' },
    fires: {
      summary: 'The backup exporter reports on too few targets',
      description: 'It reports on 2 of 3 targets.',
    },
  },
  {
    alert: 'BackupTargetUnwatched',
    story: 'it reports on all',
    ...{ series: targets(['postgresql', 'redis', 'influxdb']), at: '20m' },
  },
  {
    alert: 'BackupCronJobAbsent',
    story: 'a CronJob was deleted',
    ...{ series: cronJobs(allCronJobs.slice(1)), at: '20m' },
    fires: { summary: gone, description: '5 of 6 CronJobs are found.' },
  },
  {
    alert: 'BackupCronJobAbsent',
    story: 'nothing comes from kube-state-metrics',
    ...{ series: {}, at: '20m' },
    fires: { summary: gone, description: '0 of 6 CronJobs are found.' },
  },
  {
    alert: 'BackupCronJobAbsent',
    story: 'all CronJobs are there',
    ...{ series: cronJobs(allCronJobs), at: '20m' },
  },
];
