import { always, day, failedJob, hour, kube, ofTarget, openJob, succeededAt, type Case } from './case.ts';

const backedUp = ofTarget('last_run_success', { command: 'backup' });
const suspend = kube('kube_cronjob_spec_suspend', { cronjob: 'redis-backup' });
const due = kube('kube_cronjob_next_schedule_time', { cronjob: 'redis-backup' });
const redisJob = { cronjob: 'redis-backup' };

const failed = (target: string) => ({
  labels: { target },
  summary: `The last backup of ${target} failed`,
  description: 'No run of it has succeeded since.',
});

const pod = (phase: string, value: number) => ({
  [kube('kube_pod_status_phase', { pod: 'p', uid: 'u', phase })]: always(value),
});
const podOf = (owner_name: string) => ({
  [kube('kube_pod_owner', { pod: 'p', uid: 'u', owner_kind: 'Job', owner_name })]: always(1),
});

const stuck = {
  labels: redisJob,
  summary: 'A run of redis-backup is stuck',
  description: 'Its pod is pending, or it has passed its deadline.',
};

export const jobCases: readonly Case[] = [
  {
    alert: 'BackupJobFailed',
    story: 'a run failed, and so its Job did',
    ...{ series: { [backedUp]: '1x5 0x20', ...failedJob('postgresql-backup', 60) }, at: '48m' },
    fires: failed('postgresql'),
  },
  {
    alert: 'BackupJobFailed',
    story: 'the first Job failed before it could record anything',
    ...{ series: { [backedUp]: always(1), ...failedJob('redis-backup', 60) }, at: '20m' },
    fires: failed('redis'),
  },
  {
    alert: 'BackupJobFailed',
    story: 'a Job failed after one that succeeded',
    series: { ...failedJob('redis-backup', 600), [succeededAt('redis-backup')]: always(300) },
    at: '20m',
    fires: failed('redis'),
  },
  {
    alert: 'BackupJobFailed',
    story: 'a run succeeded after one that failed',
    series: {
      [backedUp]: '0x5 1x20',
      ...failedJob('redis-backup', 60),
      [succeededAt('redis-backup')]: always(300),
    },
    at: '48m',
  },
  {
    alert: 'BackupJobFailed',
    story: 'two Jobs failed, and a success lies between them',
    series: {
      ...failedJob('redis-backup', 60),
      ...failedJob('redis-backup', 600, 'redis-backup-2'),
      [succeededAt('redis-backup')]: always(300),
    },
    at: '20m',
    fires: failed('redis'),
  },
  {
    alert: 'BackupJobFailed',
    story: 'a Job of another system failed',
    ...{ series: failedJob('nightly-report', 60), at: '20m' },
  },
  {
    alert: 'BackupJobOverdue',
    story: 'a run was due over an hour ago',
    ...{ series: { [due]: always(0) }, at: '80m' },
    fires: {
      labels: redisJob,
      summary: 'redis-backup was due and has not started',
      description: 'It is 1h 20m 0s late.',
    },
  },
  {
    alert: 'BackupJobOverdue',
    story: 'the next run is tomorrow',
    ...{ series: { [due]: always(day) }, at: '80m' },
  },
  {
    alert: 'BackupJobSuspended',
    story: 'a CronJob is suspended for over an hour',
    ...{ series: { [suspend]: always(1) }, at: '64m' },
    fires: {
      labels: redisJob,
      summary: 'redis-backup is suspended',
      description: 'No run starts until `suspend` of CronJob redis-backup is false.',
    },
  },
  {
    alert: 'BackupJobSuspended',
    story: 'no CronJob is suspended',
    ...{ series: { [suspend]: always(0) }, at: '64m' },
  },
  {
    alert: 'BackupJobStuck',
    story: 'a pod is pending',
    series: { ...openJob('redis-backup', 1), ...pod('Pending', 1), ...podOf('redis-backup-1') },
    ...{ at: '20m', fires: stuck },
  },
  {
    alert: 'BackupJobStuck',
    story: 'a Job goes on after its deadline',
    series: { ...openJob('redis-backup', 1), ...pod('Running', 1), ...podOf('redis-backup-1') },
    ...{ at: '92m', fires: stuck },
  },
  {
    alert: 'BackupJobStuck',
    story: 'a pod runs within its deadline',
    series: {
      ...openJob('redis-backup', 1),
      ...pod('Pending', 0),
      ...pod('Running', 1),
      ...podOf('redis-backup-1'),
    },
    at: '48m',
  },
  {
    alert: 'BackupJobStuck',
    story: 'a Job ended at its deadline',
    ...{ series: { ...failedJob('redis-backup', -2 * hour), ...openJob('redis-backup', 0) }, at: '20m' },
  },
  {
    alert: 'BackupJobBlocked',
    story: 'a quota refuses the pod',
    ...{ series: openJob('redis-backup', 0), at: '20m' },
    fires: {
      labels: redisJob,
      summary: 'A run of redis-backup has no pod',
      description: 'A resource quota or an admission rule of the namespace refuses it.',
    },
  },
  { alert: 'BackupJobBlocked', story: 'a Job runs', ...{ series: openJob('redis-backup', 1), at: '20m' } },
  {
    alert: 'BackupJobBlocked',
    story: 'a Job failed',
    ...{ series: failedJob('redis-backup', 0), at: '20m' },
  },
  {
    alert: 'BackupJobBlocked',
    story: 'a Job is complete',
    series: {
      ...openJob('redis-backup', 0),
      [kube('kube_job_complete', { job_name: 'redis-backup-1', condition: 'true' })]: always(1),
    },
    at: '20m',
  },
];
