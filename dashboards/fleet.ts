import { daySeconds } from '../runtime/src/contract/time.ts';
import type { DashboardContext } from './context.ts';
import { fleetLogRow } from './log.ts';
import { bars, lines, one, stat, third, tile, timeline, type Panels } from './panels.ts';
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

const byTarget = '{{target}}';

const summary = (): Panels => [
  stat({
    ...tile,
    title: 'Within RPO',
    description: 'Share of the targets whose newest archive is within the recovery point objective.',
    queries: one(promql.withinRpo()),
    unit: 'percentunit',
    decimals: 0,
    steps: atLeast(1, 1),
  }),
  stat({
    ...tile,
    title: 'Worst RPO usage',
    description:
      'Age of the newest archive as a share of the RPO, for the worst target. At 100 % the RPO is reached.',
    queries: one(promql.oldestOfRpo()),
    unit: 'percentunit',
    decimals: 0,
    steps: shareOfObjective,
  }),
  stat({
    ...tile,
    title: 'Failed runs',
    description: 'Commands (backup, verify, drill, …) of targets whose last run failed.',
    queries: one(promql.failingRuns()),
    unit: 'none',
    steps: atMost(1, 1),
  }),
  stat({
    ...tile,
    title: 'Bad archives',
    description:
      'Archives that no key of the plan opens, or whose manifest is unreadable or fails authentication.',
    queries: one(promql.badArchives()),
    unit: 'none',
    steps: atMost(1, 1),
  }),
  stat({
    ...tile,
    title: 'Worst RTO usage',
    description:
      'Restore time of the last drill as a share of the RTO, for the worst target. At 100 % the RTO is reached.',
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
      'At the current growth of all targets under their retention; ∞: not within the 90 days of the forecast.',
    queries: one(promql.soonestFull()),
    unit: 's',
    decimals: 0,
    steps: atLeast(30 * daySeconds, 7 * daySeconds),
    noValue: 'no limit',
  }),
];

const targets = (link: string): Panels => [
  table({
    title: 'Targets',
    description: 'Each target against its objectives. Click a name to open its dashboard.',
    by: 'target',
    rows: 'Target',
    link: { title: 'Show this target', url: link },
    width: 24,
    height: 6,
    columns: [
      { title: 'Backup', expr: promql.lastRunOk('backup'), unit: 'none', words: okOrFailed },
      { title: 'Recovery point', expr: promql.recoveryPointAge(), unit: 's' },
      {
        title: 'RPO usage',
        expr: promql.ageOfRpo(),
        unit: 'percentunit',
        decimals: 0,
        steps: shareOfObjective,
      },
      { title: 'Next backup in', expr: promql.untilNextRun(), unit: 's' },
      { title: 'Verification', expr: promql.lastRunOk('verify'), unit: 'none', words: okOrFailed },
      { title: 'Last verified', expr: promql.verifiedAge(), unit: 's', steps: dailyChecks },
      { title: 'Drill', expr: promql.lastDrillOk(), unit: 'none', words: okOrFailed },
      { title: 'Last drilled', expr: promql.goodDrillAge(), unit: 's', steps: weeklyDrills },
      { title: 'Restore time', expr: promql.measuredRto(), unit: 's' },
      {
        title: 'RTO usage',
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
      'Per target and command: green after a run that succeeded, red after one that failed, until the next run.',
    queries: one(promql.runSuccess(), '{{target}} {{command}}'),
    unit: 'none',
    words: okOrFailed,
    width: 24,
    height: 10,
  }),
  lines({
    ...third,
    title: 'RPO usage over time',
    description:
      'Age of the newest archive as a share of the RPO. Above the dashed line, a loss would cost more than agreed.',
    queries: one(promql.ageOfRpo(), byTarget),
    unit: 'percentunit',
    limit: 1,
  }),
  lines({
    ...third,
    title: 'Backup duration',
    description: 'Duration of the run that made the newest archive.',
    queries: one(promql.durationSeconds(), byTarget),
    unit: 's',
  }),
  bars({
    ...third,
    title: 'RTO usage',
    description:
      'Restore time of the last successful drill as a share of the RTO. At a full bar the RTO is reached.',
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
    title: 'Archives per target',
    description: 'Archives of each target in the primary store, and how many of them are not replicated.',
    by: 'target',
    rows: 'Target',
    width: 24,
    height: 6,
    columns: [
      { title: 'Newest size', expr: promql.archiveBytes(), unit: 'bytes' },
      { title: 'Source size', expr: promql.sourceBytes(), unit: 'bytes' },
      { title: 'Compressed to', expr: promql.compressionRatio(), unit: 'percentunit', decimals: 0 },
      {
        title: 'Size vs. previous week',
        expr: promql.sizeRatio(),
        unit: 'percentunit',
        decimals: 0,
        steps: atLeast(0.75, 0.5),
      },
      { title: 'Hourly', expr: promql.archivesOfTier('hourly'), unit: 'none' },
      { title: 'Daily', expr: promql.archivesOfTier('daily'), unit: 'none' },
      { title: 'Weekly', expr: promql.archivesOfTier('weekly'), unit: 'none' },
      { title: 'Monthly', expr: promql.archivesOfTier('monthly'), unit: 'none' },
      { title: 'Total size', expr: promql.bytesByTarget(), unit: 'bytes' },
      { title: 'Oldest archive', expr: promql.oldestArchiveAge(), unit: 's' },
      { title: 'Not replicated', expr: promql.replicaMissingOfTarget(), unit: 'none', steps: atMost(1, 3) },
      { title: 'Set aside', expr: promql.brokenArchives(), unit: 'none', steps: atMost(1, 1) },
      { title: 'No key', expr: promql.archivesWithoutKey(), unit: 'none', steps: atMost(1, 1) },
    ],
  }),
  lines({
    ...third,
    title: 'Archive size',
    description: 'Size of the newest archive, compressed and encrypted.',
    queries: one(promql.archiveBytes(), byTarget),
    unit: 'bytes',
  }),
  lines({
    ...third,
    title: 'Compressed to',
    description:
      'Size of the archive as a share of the source. A jump means that data no longer compresses: look for ransomware.',
    queries: one(promql.compressionRatio(), byTarget),
    unit: 'percentunit',
  }),
  lines({
    ...third,
    title: 'Anomalies',
    description: 'Figures of the newest archive that differ from those before it.',
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
      'For each store with a limit, with a forecast for 30 days at the growth of the last week. The forecast ' +
      'ignores retention; *Store full in* includes it.',
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
    description: 'For each store with a limit, by archives and everything else.',
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
    description:
      'From kube-state-metrics. The success rate covers the finished Jobs that Kubernetes still keeps.',
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
    title: 'Reachable stores',
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
    noValue: 'none sent',
    width: 3,
    height: 8,
  }),
  stat({
    title: 'Age of this data',
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
export const fleetRows = (context: DashboardContext, link: string): Readonly<Record<string, Panels>> => ({
  'Can we recover, and to which point?': [...summary(), ...targets(link)],
  ...fleetLogRow(context),
  Runs: runs(),
  Archives: archives(),
  Storage: storage(),
  'CronJobs, notifications, exporter': machinery(),
});
