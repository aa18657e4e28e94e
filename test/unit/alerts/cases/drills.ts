import { always, createdAt, day, failedJob, hour, ofTarget, succeededAt, target, type Case } from './case.ts';

const success = ofTarget('last_drill_success');
const succeeded = ofTarget('last_drill_success_timestamp_seconds');
const measured = ofTarget('measured_rto_seconds');
const rto = ofTarget('rto_seconds');

const failed = {
  summary: 'A drill could not restore a backup, or could not run',
  description: 'No drill has succeeded since the last one failed.',
};
const late = {
  summary: 'No drill has restored the backups for longer than its schedule allows',
  description: 'The last one that succeeded, or the CronJob if none ever did, is 8d 1h 4m 0s old.',
};
const drillJob = { cronjob: 'backup-drill' };

export const drillCases: readonly Case[] = [
  {
    alert: 'BackupDrillFailed',
    story: 'the drill of a target failed, and so the Job did',
    ...{ series: { [success]: '1x5 0x20', ...failedJob('backup-drill', 600) }, at: '48m' },
    fires: { ...failed, labels: target, summary: failed.summary.replace('backup', 'backup of postgresql') },
  },
  {
    alert: 'BackupDrillFailed',
    story: 'a Job failed after one that succeeded',
    series: { ...failedJob('backup-drill', 600), [succeededAt('backup-drill')]: always(300) },
    at: '20m',
    fires: { ...failed, labels: drillJob },
  },
  {
    alert: 'BackupDrillFailed',
    story: 'a drill succeeded after one that failed',
    series: {
      [success]: '0x5 1x20',
      ...failedJob('backup-drill', 60),
      [succeededAt('backup-drill')]: always(300),
    },
    at: '48m',
  },
  {
    alert: 'BackupDrillFailed',
    story: 'a verification failed',
    ...{ series: failedJob('backup-verification', 60), at: '20m' },
  },
  {
    alert: 'BackupNotDrilled',
    story: 'the exporter knows of no drill of a target for over eight days',
    ...{ series: { [succeeded]: always(-8 * day) }, at: '64m' },
    fires: {
      ...late,
      labels: target,
      summary: 'No drill has restored the backups of postgresql for longer than its schedule allows',
    },
  },
  {
    alert: 'BackupNotDrilled',
    story: 'the last weekly drill that succeeded is over eight days ago',
    series: {
      [createdAt('backup-drill')]: always(-30 * day),
      [succeededAt('backup-drill')]: always(-8 * day),
    },
    at: '64m',
    fires: { ...late, labels: drillJob },
  },
  {
    alert: 'BackupNotDrilled',
    story: 'none has succeeded since the CronJob was made over eight days ago',
    ...{ series: { [createdAt('backup-drill')]: always(-8 * day) }, at: '64m' },
    fires: { ...late, labels: drillJob },
  },
  {
    alert: 'BackupNotDrilled',
    story: 'the last weekly drill took some hours',
    series: {
      [createdAt('backup-drill')]: always(-30 * day),
      [succeededAt('backup-drill')]: always(-7 * day),
      [succeeded]: always(-7 * day),
    },
    at: '6h',
  },
  {
    alert: 'BackupNotDrilled',
    story: 'the CronJob was made this week',
    ...{ series: { [createdAt('backup-drill')]: always(-5 * day) }, at: '6h' },
  },
  {
    alert: 'BackupDrillSlow',
    story: 'the restore of the last drill took longer than the RTO',
    ...{ series: { [measured]: always(hour + 61), [rto]: always(hour) }, at: '20m' },
    fires: {
      labels: target,
      summary: 'Restoring postgresql takes longer than its RTO',
      description: 'The restore of the last drill took 1h 1m 1s.',
    },
  },
  {
    alert: 'BackupDrillSlow',
    story: 'the restore took as long as the RTO',
    ...{ series: { [measured]: always(hour), [rto]: always(hour) }, at: '20m' },
  },
];
