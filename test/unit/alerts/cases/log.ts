import { always, createdAt, day, failedJob, hour, ofTarget, succeededAt, target, type Case } from './case.ts';

const connected = ofTarget('wal_connected');
const lag = ofTarget('wal_lag_seconds');
const gaps = ofTarget('wal_gaps');
const safeBytes = ofTarget('wal_slot_safe_bytes');
const slot = (status: string) => ofTarget('wal_slot_info', { slot: 'grill_backup_prod_postgresql', status });
const baseJob = { cronjob: 'postgresql-base' };

const notReceived = {
  labels: target,
  summary: 'The log of postgresql is not received',
  description: 'Its recovery point stands still, and the server keeps log for the slot.',
};

const gib = 2 ** 30;

export const logCases: readonly Case[] = [
  {
    alert: 'BackupLogNotReceived',
    story: 'the receiver runs, and the server does not send',
    ...{ series: { [connected]: '1x2 0x20' }, at: '40m' },
    fires: notReceived,
  },
  {
    alert: 'BackupLogNotReceived',
    story: 'the receiver is gone',
    ...{ series: { [connected]: '1x2 stale' }, at: '40m' },
    fires: notReceived,
  },
  {
    alert: 'BackupLogNotReceived',
    story: 'the receiver started again for an upgrade',
    ...{ series: { [connected]: '1x2 stale 1x20' }, at: '40m' },
  },
  {
    alert: 'BackupLogBehind',
    story: 'the store is away',
    ...{ series: { [lag]: '8x5 60+240x30' }, at: '1h' },
    fires: {
      labels: target,
      summary: 'The stored log of postgresql is behind',
      description: 'A loss of the database now would lose the last 37m 0s of data.',
    },
  },
  {
    alert: 'BackupLogBehind',
    story: 'an idle database writes once a minute',
    ...{ series: { [lag]: always(70) }, at: '2h' },
  },
  {
    alert: 'BackupLogGap',
    story: 'a gap was recorded',
    ...{ series: { [gaps]: '0x15 1x30' }, at: '2h' },
    fires: {
      labels: target,
      summary: 'A part of the log of postgresql is lost',
      description: 'No instant after the gap can be restored until a base is taken.',
    },
  },
  {
    alert: 'BackupLogGap',
    story: 'a gap of yesterday is in the store',
    ...{ series: { [gaps]: '0x15 1x300' }, at: '14h' },
  },
  {
    alert: 'BackupLogSlotNearLimit',
    story: 'a busy server fills the limit while the receiver is away',
    ...{ series: { [safeBytes]: `${20 * gib}-${gib / 2}x60` }, at: '90m' },
    fires: {
      labels: target,
      summary: 'The server will soon give up the slot of postgresql',
      description: 'At the present rate its limit is reached within four hours; log would then be lost.',
    },
  },
  {
    alert: 'BackupLogSlotNearLimit',
    story: 'the receiver keeps pace',
    ...{ series: { [safeBytes]: always(20 * gib) }, at: '5h' },
  },
  {
    alert: 'BackupLogSlotLost',
    story: 'the limit was passed',
    ...{ series: { [slot('active')]: '1x2 stale', [slot('lost')]: '_x3 1x20' }, at: '40m' },
    fires: {
      labels: target,
      summary: 'The server gave up the slot of postgresql',
      description: 'The receiver was behind by more than max_slot_wal_keep_size.',
    },
  },
  {
    alert: 'BackupLogSlotLost',
    story: 'the receiver follows',
    ...{ series: { [slot('active')]: always(1) }, at: '2h' },
  },
  {
    alert: 'BackupBaseFailed',
    story: 'a base failed',
    ...{ series: failedJob('postgresql-base', 60), at: '40m' },
    fires: {
      labels: baseJob,
      summary: 'The last run of postgresql-base failed',
      description: 'No base has been taken since, so a restore to an instant replays more log each day.',
    },
  },
  {
    alert: 'BackupBaseFailed',
    story: 'another run succeeded since',
    series: { ...failedJob('postgresql-base', 60), [succeededAt('postgresql-base')]: always(300) },
    at: '40m',
  },
  {
    alert: 'BackupBaseTooOld',
    story: 'a week and a day without one',
    ...{ series: { [createdAt('postgresql-base')]: '0x3000' }, at: '8d2h' },
    fires: {
      labels: baseJob,
      summary: 'postgresql-base has taken no base for longer than its schedule allows',
      description: 'The last one, or the CronJob if there is none, is 8d 2h 0m 0s old.',
    },
  },
  {
    alert: 'BackupBaseTooOld',
    story: 'one a week',
    series: {
      [createdAt('postgresql-base')]: '0x3000',
      [succeededAt('postgresql-base')]: `${7 * day - hour}x3000`,
    },
    at: '8d2h',
  },
];
