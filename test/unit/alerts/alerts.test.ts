import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { alertGroups } from '../../../alerts/index.ts';
import { planOf } from '../../../src/environment.ts';
import { environmentOf, root } from '../../kit/environments.ts';
import { checkAlert, checkRules, type Scenario } from '../../kit/promtool.ts';

const team = 'platform';
const runbookUrl = 'https://runbook';
const grafanaUrl = 'https://grafana';
const groups = alertGroups({
  namespace: 'grill-stats',
  team,
  runbookUrl,
  grafanaUrl,
  plan: planOf(environmentOf('prod')),
});
const alerts = groups.flatMap(({ rules }) => rules);

const hour = 3600;
const day = 24 * hour;

/** `metric{namespace="grill-stats", …}` */
const series = (metric: string, labels: Readonly<Record<string, string>> = {}): string =>
  `${metric}{${Object.entries({ namespace: 'grill-stats', ...labels })
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;

/** The same value through a whole scenario. */
const always = (value: number): string => `${value}x800`;

const lastSuccess = series('grill_backup_last_success_timestamp_seconds', { target: 'postgresql' });
const lastVerified = series('grill_backup_last_verified_timestamp_seconds', { target: 'postgresql' });
const rpo = series('grill_backup_rpo_seconds', { target: 'postgresql' });
const archiveBytes = series('grill_backup_archive_bytes', { target: 'postgresql' });
const anomalies = series('grill_backup_anomalies', { target: 'postgresql' });
const freeBytes = series('grill_backup_store_free_bytes', { store: '/backup' });
const suspend = series('kube_cronjob_spec_suspend', { cronjob: 'redis-backup' });
const due = series('kube_cronjob_next_schedule_time', { cronjob: 'redis-backup' });
const claim = { persistentvolumeclaim: 'backup-storage-pvc' };
const available = series('kubelet_volume_stats_available_bytes', claim);
const capacity = series('kubelet_volume_stats_capacity_bytes', claim);

const succeededAt = (cronjob: string) => series('kube_cronjob_status_last_successful_time', { cronjob });

const createdAt = (cronjob: string) => series('kube_cronjob_created', { cronjob });

/** A failed Job of a CronJob as kube-state-metrics shows it. */
const failedJob = (cronjob: string, startSeconds: number, job = `${cronjob}-1`) => ({
  [series('kube_job_owner', { job_name: job, owner_kind: 'CronJob', owner_name: cronjob })]: always(1),
  [series('kube_job_failed', { job_name: job, condition: 'true' })]: always(1),
  [series('kube_job_failed', { job_name: job, condition: 'false' })]: always(0),
  [series('kube_job_status_start_time', { job_name: job })]: always(startSeconds),
});

const target = { namespace: 'grill-stats', target: 'postgresql' };
const drillJob = { namespace: 'grill-stats', cronjob: 'backup-drill' };

/** alert, what happens, scenario, and what is told if it fires. */
type Case = readonly [
  alert: string,
  story: string,
  scenario: Scenario,
  fires?: { labels: Record<string, string>; summary: string; description: string },
];

const cases: readonly Case[] = [
  [
    'BackupTooOld',
    'the newest archive is older than its RPO for longer than a run takes',
    { series: { [lastSuccess]: always(0), [rpo]: always(day) }, at: '25h4m' },
    {
      labels: target,
      summary: 'The newest backup of postgresql is older than its RPO',
      description: 'The newest committed archive of postgresql was finished 1d 1h 4m 0s ago.',
    },
  ],
  [
    'BackupTooOld',
    'a daily run takes half an hour',
    { series: { [lastSuccess]: `0x367 ${day + hour / 2}x100`, [rpo]: always(day) }, at: '26h' },
  ],
  [
    'BackupMissing',
    'a target has no archive for a day',
    { series: { [rpo]: always(day) }, at: '24h4m' },
    {
      labels: target,
      summary: 'postgresql has no backup at all',
      description: 'The plan names postgresql, but no committed archive of it exists.',
    },
  ],
  [
    'BackupMissing',
    'a target got its first archive',
    { series: { [rpo]: always(day), [lastSuccess]: always(0) }, at: '25h' },
  ],
  [
    'BackupShrunk',
    'an archive is less than half of the week before',
    { series: { [archiveBytes]: '1048576x60 409600x20' }, at: '5h' },
    {
      labels: target,
      summary: 'The newest backup of postgresql is less than half of what it was',
      description: 'It holds 400kiB. Data may be missing at the source.',
    },
  ],
  [
    'BackupShrunk',
    'an archive is a little smaller',
    { series: { [archiveBytes]: '1048576x60 900000x20' }, at: '5h' },
  ],
  [
    'BackupUnusual',
    'an archive has two anomalies',
    { series: { [anomalies]: '0x60 2x20' }, at: '5h15m' },
    {
      labels: target,
      summary: 'The newest backup of postgresql is unlike those before it',
      description: '2 figures of it are unusual; the log of the backup and the report name them.',
    },
  ],
  ['BackupUnusual', 'an archive is as usual', { series: { [anomalies]: '0x80' }, at: '5h' }],
  [
    'BackupVerificationFailed',
    'a verification failed',
    { series: failedJob('backup-verification', 60), at: '20m' },
    {
      labels: { namespace: 'grill-stats', cronjob: 'backup-verification' },
      summary: 'Verification found damaged or missing backups, or could not run',
      description: 'No verification has succeeded since the last one failed.',
    },
  ],
  ['BackupVerificationFailed', 'a backup failed', { series: failedJob('redis-backup', 60), at: '20m' }],
  [
    'BackupNotVerified',
    'the last verification was over two days ago',
    { series: { [lastVerified]: always(0) }, at: '49h4m' },
    {
      labels: target,
      summary: 'No backup of postgresql was verified in two days',
      description: 'The last successful verification was 2d 1h 4m 0s ago.',
    },
  ],
  [
    'BackupNotVerified',
    'the last verification was a day ago',
    { series: { [lastVerified]: always(0) }, at: '24h' },
  ],
  [
    'BackupNeverVerified',
    'archives exist for two days without a verification',
    { series: { [lastSuccess]: always(0) }, at: '48h4m' },
    {
      labels: target,
      summary: 'No backup of postgresql was ever verified',
      description: 'Archives exist, and no verification of any has succeeded.',
    },
  ],
  [
    'BackupNeverVerified',
    'an archive was verified once',
    { series: { [lastSuccess]: always(0), [lastVerified]: always(0) }, at: '48h4m' },
  ],
  [
    'BackupDrillFailed',
    'a drill failed after one that succeeded',
    { series: { ...failedJob('backup-drill', 600), [succeededAt('backup-drill')]: always(300) }, at: '20m' },
    {
      labels: drillJob,
      summary: 'A drill could not restore a backup, or could not run',
      description: 'No drill has succeeded since the last one failed.',
    },
  ],
  [
    'BackupDrillFailed',
    'a drill succeeded after one that failed',
    { series: { ...failedJob('backup-drill', 60), [succeededAt('backup-drill')]: always(300) }, at: '20m' },
  ],
  ['BackupDrillFailed', 'a verification failed', { series: failedJob('backup-verification', 60), at: '20m' }],
  [
    'BackupNotDrilled',
    'the last weekly drill that succeeded is over eight days ago',
    {
      series: {
        [createdAt('backup-drill')]: always(-30 * day),
        [succeededAt('backup-drill')]: always(-8 * day),
      },
      at: '64m',
    },
    {
      labels: drillJob,
      summary: 'No drill has restored the backups for longer than its schedule allows',
      description: 'The last one that succeeded, or the CronJob if none ever did, is 8d 1h 4m 0s old.',
    },
  ],
  [
    'BackupNotDrilled',
    'none has succeeded since the CronJob was made over eight days ago',
    { series: { [createdAt('backup-drill')]: always(-8 * day) }, at: '64m' },
    {
      labels: drillJob,
      summary: 'No drill has restored the backups for longer than its schedule allows',
      description: 'The last one that succeeded, or the CronJob if none ever did, is 8d 1h 4m 0s old.',
    },
  ],
  [
    'BackupNotDrilled',
    'the last weekly drill took some hours',
    {
      series: {
        [createdAt('backup-drill')]: always(-30 * day),
        [succeededAt('backup-drill')]: always(-7 * day),
      },
      at: '6h',
    },
  ],
  [
    'BackupNotDrilled',
    'the CronJob was made this week',
    { series: { [createdAt('backup-drill')]: always(-5 * day) }, at: '6h' },
  ],
  [
    'BackupJobFailed',
    'the first run failed',
    { series: failedJob('redis-backup', 60), at: '20m' },
    {
      labels: { namespace: 'grill-stats', cronjob: 'redis-backup' },
      summary: 'The last run of redis-backup failed',
      description: 'No Job of CronJob redis-backup has succeeded since.',
    },
  ],
  [
    'BackupJobFailed',
    'a run failed after one that succeeded',
    { series: { ...failedJob('redis-backup', 600), [succeededAt('redis-backup')]: always(300) }, at: '20m' },
    {
      labels: { namespace: 'grill-stats', cronjob: 'redis-backup' },
      summary: 'The last run of redis-backup failed',
      description: 'No Job of CronJob redis-backup has succeeded since.',
    },
  ],
  [
    'BackupJobFailed',
    'a run succeeded after one that failed',
    { series: { ...failedJob('redis-backup', 60), [succeededAt('redis-backup')]: always(300) }, at: '20m' },
  ],
  [
    'BackupJobFailed',
    'two runs failed, and a success lies between them',
    {
      series: {
        ...failedJob('redis-backup', 60),
        ...failedJob('redis-backup', 600, 'redis-backup-2'),
        [succeededAt('redis-backup')]: always(300),
      },
      at: '20m',
    },
    {
      labels: { namespace: 'grill-stats', cronjob: 'redis-backup' },
      summary: 'The last run of redis-backup failed',
      description: 'No Job of CronJob redis-backup has succeeded since.',
    },
  ],
  [
    'BackupJobFailed',
    'a Job of another system failed',
    { series: failedJob('nightly-report', 60), at: '20m' },
  ],
  [
    'BackupJobOverdue',
    'a run was due over an hour ago',
    { series: { [due]: always(0) }, at: '80m' },
    {
      labels: { namespace: 'grill-stats', cronjob: 'redis-backup' },
      summary: 'redis-backup was due and has not started',
      description: 'It is 1h 20m 0s late.',
    },
  ],
  ['BackupJobOverdue', 'the next run is tomorrow', { series: { [due]: always(day) }, at: '80m' }],
  [
    'BackupJobSuspended',
    'a CronJob is suspended for over an hour',
    { series: { [suspend]: always(1) }, at: '64m' },
    {
      labels: { namespace: 'grill-stats', cronjob: 'redis-backup' },
      summary: 'redis-backup is suspended',
      description: 'No run starts until `suspend` of CronJob redis-backup is false.',
    },
  ],
  ['BackupJobSuspended', 'no CronJob is suspended', { series: { [suspend]: always(0) }, at: '64m' }],
  [
    'BackupStorageLow',
    'a tenth of the volume is free',
    { series: { [available]: always(10), [capacity]: always(100) }, at: '20m' },
    {
      labels: { namespace: 'grill-stats', ...claim },
      summary: 'The backup volume is over 80 % full',
      description: '10% of volume claim backup-storage-pvc is free.',
    },
  ],
  [
    'BackupStorageLow',
    'half of the volume is free',
    { series: { [available]: always(50), [capacity]: always(100) }, at: '20m' },
  ],
  [
    'BackupStorageFull',
    'the store has no room for two rounds',
    { series: { [freeBytes]: always(1024), [archiveBytes]: always(600) }, at: '20m' },
    {
      labels: { namespace: 'grill-stats', store: '/backup' },
      summary: 'The /backup store has no room for two more rounds of backups',
      description: '1kiB are free.',
    },
  ],
  [
    'BackupStorageFull',
    'the store has room',
    { series: { [freeBytes]: always(1300), [archiveBytes]: always(600) }, at: '20m' },
  ],
  [
    'BackupMetricsAbsent',
    'the exporter reports nothing',
    { series: {}, at: '16m' },
    {
      labels: { namespace: 'grill-stats' },
      summary: 'The backup exporter reports nothing',
      description: 'No other alert on archives can fire until it does.',
    },
  ],
  ['BackupMetricsAbsent', 'the exporter reports', { series: { [rpo]: always(day) }, at: '16m' }],
];

describe('alerts', () => {
  test('pass promtool check rules', async () => {
    expect(await checkRules(groups)).toContain(`SUCCESS: ${alerts.length} rules found`);
  });

  test.each(
    cases.map((example) => [example[0], example[3] ? 'fires' : 'is silent', example[1], example] as const),
  )('%s %s when %s', async (name, _, __, [, , scenario, fires]) => {
    const { labels } = alerts.find(({ alert }) => alert === name)!;
    const annotations = {
      summary: fires?.summary ?? '',
      description: fires?.description ?? '',
      runbook_url: `${runbookUrl}#${name.toLowerCase()}`,
      dashboard_url: `${grafanaUrl}/d/backup-monitoring`,
    };
    await checkAlert(
      groups,
      name,
      scenario,
      fires ? [{ labels: { ...fires.labels, ...labels }, annotations }] : [],
    );
  });

  test('each has a case in which it fires and one in which it is silent', () => {
    const covered = (firing: boolean) =>
      new Set(cases.filter(([, , , fires]) => Boolean(fires) === firing).map(([name]) => name));
    expect([...covered(true)]).toEqual(alerts.map(({ alert }) => alert));
    expect([...covered(false)]).toEqual(alerts.map(({ alert }) => alert));
  });
});

describe('RUNBOOK.md', () => {
  const sections = readFileSync(join(root, 'alerts/RUNBOOK.md'), 'utf8').split(/^## /m).slice(1);

  test('has one section per alert, in their order', () => {
    expect(sections.map((section) => section.split('\n')[0])).toEqual(alerts.map(({ alert }) => alert));
  });

  test.each(sections.map((section) => [section.split('\n')[0]!, section] as const))(
    '%s says what it means',
    (_, section) => {
      expect(section).toMatch(/\n\*\*Means\*\* /);
    },
  );
});
