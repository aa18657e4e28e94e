import { always, day, ofTarget, own, target, type Case } from './case.ts';

const store = { store: '/backup' };
const remote = { store: 's3://backups' };
const free = own('store_free_bytes', store);
const size = own('store_size_bytes', store);
const full = own('store_full_seconds', store);
const up = own('store_up', remote);
const missing = own('replica_missing_archives', { ...remote, ...target });
const archiveBytes = ofTarget('archive_bytes');
const frozen = ofTarget('retention_frozen');

export const storageCases: readonly Case[] = [
  {
    alert: 'BackupStorageLow',
    story: 'a tenth of the volume is free',
    ...{ series: { [free]: always(10), [size]: always(100) }, at: '20m' },
    fires: {
      labels: store,
      summary: 'The /backup store is over 80 % full',
      description: '10% of it is free.',
    },
  },
  {
    alert: 'BackupStorageLow',
    story: 'half of the volume is free',
    ...{ series: { [free]: always(50), [size]: always(100) }, at: '20m' },
  },
  {
    alert: 'BackupStorageFilling',
    story: 'the store will be full in ten days',
    ...{ series: { [full]: always(10 * day) }, at: '20m' },
    fires: {
      labels: store,
      summary: 'The /backup store will be full in 10d 0h 0m 0s',
      description: 'At the current growth of all targets under their retention.',
    },
  },
  {
    alert: 'BackupStorageFilling',
    story: 'the store will be full in a month',
    ...{ series: { [full]: always(30 * day) }, at: '20m' },
  },
  {
    alert: 'BackupStorageFilling',
    story: 'the forecast sees no end',
    ...{ series: { [full]: 'Inf '.repeat(20).trim() }, at: '20m' },
  },
  {
    alert: 'BackupStorageFull',
    story: 'the store has no room for two rounds',
    ...{ series: { [free]: always(1024), [archiveBytes]: always(600) }, at: '20m' },
    fires: {
      labels: store,
      summary: 'The /backup store has no room for two more rounds of backups',
      description: '1kiB are free.',
    },
  },
  {
    alert: 'BackupStorageFull',
    story: 'the store has room',
    ...{ series: { [free]: always(1300), [archiveBytes]: always(600) }, at: '20m' },
  },
  {
    alert: 'BackupStoreDown',
    story: 'the remote store does not answer',
    ...{ series: { [up]: '1x5 0x20' }, at: '48m' },
    fires: {
      labels: remote,
      summary: 'The s3://backups store cannot be read',
      description: 'Backups are not copied there, and its contents are unknown.',
    },
  },
  { alert: 'BackupStoreDown', story: 'it answers', ...{ series: { [up]: always(1) }, at: '48m' } },
  {
    alert: 'BackupNotReplicated',
    story: 'the remote store lacks archives for longer than a run takes',
    ...{ series: { [missing]: '0x5 2x40' }, at: '2h' },
    fires: {
      labels: { ...remote, ...target },
      summary: 'Backups of postgresql are missing in s3://backups',
      description: '2 archives exist only in the primary store.',
    },
  },
  {
    alert: 'BackupNotReplicated',
    story: 'a run copies its archive for an hour',
    ...{ series: { [missing]: '0x5 1x15 0x40' }, at: '2h' },
  },
  {
    alert: 'BackupRetentionFrozen',
    story: 'backups have failed for over two days',
    ...{ series: { [frozen]: always(1) }, at: '48h4m' },
    fires: {
      labels: target,
      summary: 'Old backups of postgresql are not removed',
      description: 'Nothing is pruned while its backups fail, so the store fills up.',
    },
  },
  {
    alert: 'BackupRetentionFrozen',
    story: 'one backup failed',
    ...{ series: { [frozen]: '1x360 0x400' }, at: '50h' },
  },
];
