import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { bars, lines, stat, timeline } from './panels.ts';
import * as promql from './queries.ts';
import {
  atLeast,
  atMost,
  dailyChecks,
  neutral,
  okOrFailed,
  shareOfObjective,
  weeklyDrills,
} from './style.ts';
import { table } from './table.ts';

const day = 86_400;

type Panels = readonly Builder<Panel>[];

const byTarget = '{{target}}';
const tile = { width: 4, height: 4 } as const;
const third = { width: 8, height: 9 } as const;

const one = (expr: string, legend = '') => [{ expr, legend }];

const summary = (): Panels => [
  stat({
    ...tile,
    title: 'Within RPO',
    description: 'Share of the targets whose newest archive is no older than their recovery point objective.',
    queries: one(promql.withinRpo()),
    unit: 'percentunit',
    decimals: 0,
    steps: atLeast(1, 1),
  }),
  stat({
    ...tile,
    title: 'Oldest of its RPO',
    description: 'Age of the newest archive of the worst target. 100 % is as old as its objective allows.',
    queries: one(promql.oldestOfRpo()),
    unit: 'percentunit',
    decimals: 0,
    steps: shareOfObjective,
  }),
  stat({
    ...tile,
    title: 'Last runs that failed',
    description: 'Commands of targets (backup, verify, drill, …) whose last run failed.',
    queries: one(promql.failingRuns()),
    unit: 'none',
    steps: atMost(1, 1),
  }),
  stat({
    ...tile,
    title: 'Bad archives',
    description: 'Archives that no key of the plan opens, or whose manifest cannot be read or believed.',
    queries: one(promql.badArchives()),
    unit: 'none',
    steps: atMost(1, 1),
  }),
  stat({
    ...tile,
    title: 'Slowest restore of its RTO',
    description: 'Time of the last drill of the worst target. 100 % is as long as its objective allows.',
    queries: one(promql.slowestOfRto()),
    unit: 'percentunit',
    decimals: 0,
    steps: shareOfObjective,
    noValue: 'no drill yet',
  }),
  stat({
    ...tile,
    title: 'Store full in',
    description:
      'By the growth of all targets under their retention; ∞ is beyond the 90 days it looks ahead.',
    queries: one(promql.soonestFull()),
    unit: 's',
    decimals: 0,
    steps: atLeast(30 * day, 7 * day),
    noValue: 'no limit',
  }),
];

const targets = (link: string): Panels => [
  table({
    title: 'Targets',
    description: 'How each target stands against its objectives. A click on its name shows it alone.',
    by: 'target',
    rows: 'Target',
    link: { title: 'Show this target', url: link },
    width: 24,
    height: 6,
    columns: [
      { title: 'Last backup', expr: promql.lastRunSuccess('backup'), unit: 'none', words: okOrFailed },
      { title: 'Recovery point', expr: promql.recoveryPointAge(), unit: 's' },
      { title: 'Of RPO', expr: promql.ageOfRpo(), unit: 'percentunit', decimals: 0, steps: shareOfObjective },
      { title: 'Next backup in', expr: promql.untilNextRun(), unit: 's' },
      { title: 'Last verification', expr: promql.lastRunSuccess('verify'), unit: 'none', words: okOrFailed },
      { title: 'Found good', expr: promql.verifiedAge(), unit: 's', steps: dailyChecks },
      { title: 'Last drill', expr: promql.drillSuccess(), unit: 'none', words: okOrFailed },
      { title: 'Proved by a restore', expr: promql.drilledAge(), unit: 's', steps: weeklyDrills },
      { title: 'Restore took', expr: promql.measuredRto(), unit: 's' },
      {
        title: 'Of RTO',
        expr: promql.measuredOfRto(),
        unit: 'percentunit',
        decimals: 0,
        steps: shareOfObjective,
      },
      { title: 'Anomalies', expr: promql.anomalies(), unit: 'none', steps: atMost(1, 10) },
    ],
  }),
];

const runs = (): Panels => [
  timeline({
    title: 'Outcome of the last run',
    description:
      'Per target and command: green from a run that succeeded, red from one that failed, until the next one.',
    queries: one(promql.runSuccess(), '{{target}} {{command}}'),
    unit: 'none',
    words: okOrFailed,
    width: 24,
    height: 10,
  }),
  lines({
    ...third,
    title: 'Age of the newest archive, of its RPO',
    description:
      'Falls when a backup is committed. Above the dashed line a loss would lose more than agreed.',
    queries: one(promql.ageOfRpo(), byTarget),
    unit: 'percentunit',
    limit: 1,
  }),
  lines({
    ...third,
    title: 'Backup duration',
    description: 'Of the run that made the newest archive.',
    queries: one(promql.durationSeconds(), byTarget),
    unit: 's',
  }),
  bars({
    ...third,
    title: 'Restore time, of its RTO',
    description: 'Of the last drill that succeeded. A full bar is as long as the objective allows.',
    queries: one(promql.measuredOfRto(), byTarget),
    unit: 'percentunit',
    decimals: 0,
    max: 1,
    steps: shareOfObjective,
    noValue: 'no drill yet',
  }),
];

const archives = (): Panels => [
  table({
    title: 'Archives',
    description: 'What is kept of each target in the primary store, and how much of it a replica lacks.',
    by: 'target',
    rows: 'Target',
    width: 24,
    height: 6,
    columns: [
      { title: 'Newest', expr: promql.archiveBytes(), unit: 'bytes' },
      { title: 'Its source', expr: promql.sourceBytes(), unit: 'bytes' },
      { title: 'Compressed to', expr: promql.compressionRatio(), unit: 'percentunit', decimals: 0 },
      {
        title: 'Of the week before',
        expr: promql.sizeRatio(),
        unit: 'percentunit',
        decimals: 0,
        steps: atLeast(0.75, 0.5),
      },
      { title: 'Daily', expr: promql.archivesOfTier('daily'), unit: 'none' },
      { title: 'Weekly', expr: promql.archivesOfTier('weekly'), unit: 'none' },
      { title: 'Monthly', expr: promql.archivesOfTier('monthly'), unit: 'none' },
      { title: 'In all', expr: promql.bytesByTarget(), unit: 'bytes' },
      { title: 'Reach back', expr: promql.oldestArchiveAge(), unit: 's' },
      { title: 'Not replicated', expr: promql.replicaMissingOfTarget(), unit: 'none', steps: atMost(1, 3) },
      { title: 'Broken', expr: promql.brokenArchives(), unit: 'none', steps: atMost(1, 1) },
      { title: 'Without key', expr: promql.archivesWithoutKey(), unit: 'none', steps: atMost(1, 1) },
    ],
  }),
  lines({
    ...third,
    title: 'Archive size',
    description: 'Of the newest archive, compressed and encrypted.',
    queries: one(promql.archiveBytes(), byTarget),
    unit: 'bytes',
  }),
  lines({
    ...third,
    title: 'Compressed to',
    description: 'Archive over source. A jump up is data that no longer compresses: look for ransomware.',
    queries: one(promql.compressionRatio(), byTarget),
    unit: 'percentunit',
  }),
  lines({
    ...third,
    title: 'Anomalies',
    description: 'Figures of the newest archive that are unlike those before it.',
    queries: one(promql.anomalies(), byTarget),
    unit: 'short',
  }),
];

const storage = (): Panels => [
  lines({
    ...third,
    title: 'Archives in each store',
    description: 'Bytes of all archives. Tiers share their bytes on disk, not in S3.',
    queries: one(promql.storeBytes(), '{{store}}'),
    unit: 'bytes',
  }),
  lines({
    ...third,
    title: 'Free space',
    description:
      'Of each store that has a limit, and what is left in 30 days if it goes on as in the last week. That forecast ' +
      'knows no retention; *Store full in* does.',
    queries: [
      ...one(promql.storeFreeBytes(), '{{store}}'),
      ...one(promql.storeFreeBytesIn(30), '{{store}} in 30 days'),
    ],
    unit: 'bytes',
    calcs: ['lastNotNull', 'min'],
  }),
  bars({
    ...third,
    title: 'Space used',
    description: 'Of each store that has a limit, by archives and everything else.',
    queries: one(promql.storeUsedShare(), '{{store}}'),
    unit: 'percentunit',
    decimals: 0,
    max: 1,
    steps: atMost(0.8, 0.9),
    noValue: 'no limit',
  }),
];

const machinery = (): Panels => [
  table({
    title: 'CronJobs',
    description: 'As Kubernetes sees them. The success rate is of the finished Jobs that it still keeps.',
    by: 'cronjob',
    rows: 'CronJob',
    width: 12,
    height: 8,
    columns: [
      { title: 'Last success', expr: promql.cronJobSucceededAge(), unit: 's' },
      { title: 'Next run in', expr: promql.untilCronJob(), unit: 's', steps: atLeast(0, -3600) },
      {
        title: 'Job success rate',
        expr: promql.jobSuccessRatio(),
        unit: 'percentunit',
        decimals: 0,
        steps: atLeast(1, 0.7),
      },
      {
        title: 'Suspended',
        expr: promql.cronJobSuspended(),
        unit: 'none',
        words: { 0: ['no', 'green'], 1: ['yes', 'red'] },
      },
    ],
  }),
  stat({
    title: 'Stores that answer',
    description: 'Whether the exporter could read each store.',
    queries: one(promql.storeUp(), '{{store}}'),
    unit: 'none',
    words: { 1: ['up', 'green'], 0: ['down', 'red'] },
    steps: neutral,
    width: 6,
    height: 8,
  }),
  stat({
    title: 'Notifications',
    description: 'Whether the newest notification of each channel was delivered.',
    queries: one(promql.notified(), '{{channel}}'),
    unit: 'none',
    words: { 1: ['delivered', 'green'], 0: ['failed', 'red'] },
    steps: neutral,
    noValue: 'none was sent',
    width: 3,
    height: 8,
  }),
  stat({
    title: 'This page is as old as',
    description: 'Time since the exporter last read the stores.',
    queries: one(promql.exporterAge()),
    unit: 's',
    decimals: 0,
    steps: atMost(600, 1800),
    width: 3,
    height: 8,
  }),
];

/** Rows of dashboard `backup-monitoring`. @param link to the dashboard of one target */
export const fleetRows = (link: string): Readonly<Record<string, Panels>> => ({
  'Can we recover, and to which point?': [...summary(), ...targets(link)],
  Runs: runs(),
  'What is kept': archives(),
  Storage: storage(),
  'CronJobs, notifications, exporter': machinery(),
});
