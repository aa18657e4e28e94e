import { always, day, failedJob, hour, ofTarget, succeededAt, target, type Case } from './case.ts';

const point = ofTarget('recovery_point_timestamp_seconds');
const lastVerified = ofTarget('last_verified_timestamp_seconds');
const rpo = ofTarget('rpo_seconds');
const sizeRatio = ofTarget('size_ratio');
const anomalies = ofTarget('anomalies');
const withoutKey = ofTarget('archives_without_key');
const verified = ofTarget('last_run_success', { command: 'verify' });
const drilled = ofTarget('last_run_success', { command: 'drill' });

export const recoveryCases: readonly Case[] = [
  {
    alert: 'BackupTooOld',
    story: 'the newest archive is older than its RPO for longer than a run takes',
    ...{ series: { [point]: always(0), [rpo]: always(day) }, at: '25h16m' },
    fires: {
      labels: target,
      summary: 'The newest backup of postgresql is older than its RPO',
      description: 'A loss of the database now would lose the last 1d 1h 16m 0s of data.',
    },
  },
  {
    alert: 'BackupTooOld',
    story: 'a daily run takes an hour',
    ...{ series: { [point]: `0x375 ${day}x100`, [rpo]: always(day) }, at: '26h' },
  },
  {
    alert: 'BackupTooOld',
    story: 'the objective of another target is shorter',
    series: {
      [point]: always(0),
      [rpo]: always(2 * day),
      [rpo.replace('postgresql', 'redis')]: always(hour),
    },
    at: '26h',
  },
  {
    alert: 'BackupMissing',
    story: 'a target has no archive for a day',
    ...{ series: { [rpo]: always(day) }, at: '24h4m' },
    fires: {
      labels: target,
      summary: 'postgresql has no backup at all',
      description: 'The plan names postgresql, but no committed archive of it exists.',
    },
  },
  {
    alert: 'BackupMissing',
    story: 'a target got its first archive',
    ...{ series: { [rpo]: always(day), [point]: always(0) }, at: '25h' },
  },
  {
    alert: 'BackupShrunk',
    story: 'an archive is less than half of the usual',
    ...{ series: { [sizeRatio]: '1x60 0.4x20' }, at: '5h' },
    fires: {
      labels: target,
      summary: 'The newest backup of postgresql is much smaller than those before it',
      description: 'It has 40% of the usual size. Data may be missing at the source.',
    },
  },
  {
    alert: 'BackupShrunk',
    story: 'an archive is a little smaller',
    ...{ series: { [sizeRatio]: '1x60 0.8x20' }, at: '5h' },
  },
  {
    alert: 'BackupUnusual',
    story: 'an archive has two anomalies',
    ...{ series: { [anomalies]: '0x60 2x20' }, at: '5h15m' },
    fires: {
      labels: target,
      summary: 'The newest backup of postgresql is unusual',
      description: '2 figures are unusual; the log of the backup and the report name them.',
    },
  },
  {
    alert: 'BackupUnusual',
    story: 'an archive is as usual',
    ...{ series: { [anomalies]: '0x80' }, at: '5h' },
  },
  {
    alert: 'BackupKeyMissing',
    story: 'the passphrase was replaced',
    ...{ series: { [withoutKey]: '0x60 12x20' }, at: '5h15m' },
    fires: {
      labels: target,
      summary: 'No key can decrypt some backups of postgresql',
      description: '12 archives were encrypted with a passphrase that the plan does not have.',
    },
  },
  {
    alert: 'BackupKeyMissing',
    story: 'every archive has its key',
    ...{ series: { [withoutKey]: '0x80' }, at: '5h' },
  },
];

const couldNot = 'or could not run';

export const verificationCases: readonly Case[] = [
  {
    alert: 'BackupVerificationFailed',
    story: 'an archive of a target did not pass, and so the Job failed',
    series: { [verified]: '1x5 0x20', ...failedJob('backup-verification', 60) },
    at: '48m',
    fires: {
      labels: target,
      summary: `Verification found damaged or missing backups of postgresql, ${couldNot}`,
      description: 'No verification has succeeded since the last one failed.',
    },
  },
  {
    alert: 'BackupVerificationFailed',
    story: 'the Job failed before it could record anything',
    ...{ series: { [verified]: always(1), ...failedJob('backup-verification', 60) }, at: '20m' },
    fires: {
      labels: { cronjob: 'backup-verification' },
      summary: `Verification found damaged or missing backups, ${couldNot}`,
      description: 'No verification has succeeded since the last one failed.',
    },
  },
  {
    alert: 'BackupVerificationFailed',
    story: 'a backup and a drill failed',
    ...{
      series: { [verified]: always(1), [drilled]: always(0), ...failedJob('redis-backup', 60) },
      at: '20m',
    },
  },
  {
    alert: 'BackupNotVerified',
    story: 'the last verification was over two days ago',
    ...{ series: { [lastVerified]: always(0) }, at: '49h4m' },
    fires: {
      labels: target,
      summary: 'No backup of postgresql was verified in two days',
      description: 'The last successful verification was 2d 1h 4m 0s ago.',
    },
  },
  {
    alert: 'BackupNotVerified',
    story: 'the last verification was a day ago',
    ...{ series: { [lastVerified]: always(0) }, at: '24h' },
  },
  {
    alert: 'BackupNeverVerified',
    story: 'archives exist for two days without a verification',
    ...{ series: { [point]: always(0) }, at: '48h4m' },
    fires: {
      labels: target,
      summary: 'No backup of postgresql was ever verified',
      description: 'Archives exist, and no verification of any has succeeded.',
    },
  },
  {
    alert: 'BackupNeverVerified',
    story: 'an archive was verified once',
    ...{ series: { [point]: always(0), [lastVerified]: always(0) }, at: '48h4m' },
  },
  {
    alert: 'BackupVerificationFailed',
    story: 'a verification succeeded after one that failed',
    series: { ...failedJob('backup-verification', 60), [succeededAt('backup-verification')]: always(300) },
    at: '20m',
  },
];
