import type { DashboardContext } from './context.ts';
import { targetLogRow } from './log.ts';
import { bars, lines, one, stat, third, tile, timeline, type Panels } from './panels.ts';
import * as promql from './queries.ts';
import { atMost, dailyChecks, neutral, okOrFailed, shareOfObjective, weeklyDrills } from './style.ts';
import { table } from './table.ts';

const state = (): Panels => [
  stat({
    ...tile,
    title: 'Recovery point',
    description: 'Data that a loss now would cost: time since the start of the newest archive.',
    queries: one(promql.recoveryPointAge()),
    unit: 's',
    steps: neutral,
  }),
  bars({
    ...tile,
    title: 'RPO usage',
    description: 'Age of the newest archive as a share of the RPO. At a full bar the RPO is reached.',
    queries: one(promql.ageOfRpo(), 'age'),
    unit: 'percentunit',
    decimals: 0,
    max: 1,
    steps: shareOfObjective,
  }),
  stat({
    ...tile,
    title: 'Next backup in',
    description: 'According to the schedule of the plan.',
    queries: one(promql.untilNextRun()),
    unit: 's',
    steps: neutral,
  }),
  stat({
    ...tile,
    title: 'Last verified',
    description: 'Time since an archive last passed verification of every byte.',
    queries: one(promql.verifiedAge()),
    unit: 's',
    steps: dailyChecks,
    noValue: 'never',
  }),
  stat({
    ...tile,
    title: 'Last drilled',
    description: 'Time since a drill last restored an archive and found the data equal.',
    queries: one(promql.goodDrillAge()),
    unit: 's',
    steps: weeklyDrills,
    noValue: 'never',
  }),
  bars({
    ...tile,
    title: 'RTO usage',
    description:
      'Restore time of the last successful drill as a share of the RTO. At a full bar the RTO is reached.',
    queries: one(promql.measuredOfRto(), 'restore'),
    unit: 'percentunit',
    decimals: 0,
    max: 1,
    steps: shareOfObjective,
    noValue: 'no drill yet',
  }),
];

const runs = (): Panels => [
  timeline({
    title: 'Outcome of the last run',
    description:
      'Per command: green after a run that succeeded, red after one that failed, until the next run.',
    queries: one(promql.runSuccessByCommand(), '{{command}}'),
    unit: 'none',
    words: okOrFailed,
    width: 14,
    height: 8,
  }),
  table({
    title: 'Last runs',
    description:
      'Exit codes: 2 configuration, 3 source, 4 dump, 5 store, 6 damaged, 7 restore, 8 verification, 9 locked.',
    by: 'command',
    rows: 'Command',
    width: 10,
    height: 8,
    columns: [
      { title: 'Outcome', expr: promql.runSuccessByCommand(), unit: 'none', words: okOrFailed },
      { title: 'Exit code', expr: promql.lastRunExitCode(), unit: 'none', steps: atMost(1, 1) },
      { title: 'Ended', expr: promql.lastRunAge(), unit: 's' },
      { title: 'Took', expr: promql.lastRunSeconds(), unit: 's' },
    ],
  }),
  lines({
    ...third,
    title: 'RPO usage over time',
    description:
      'Age of the newest archive as a share of the RPO. Above the dashed line, a loss would cost more than agreed.',
    queries: one(promql.ageOfRpo(), 'age'),
    unit: 'percentunit',
    limit: 1,
  }),
  lines({
    ...third,
    title: 'Backup duration',
    description: 'Duration of the run that made the newest archive.',
    queries: one(promql.durationSeconds(), 'backup'),
    unit: 's',
  }),
  lines({
    ...third,
    title: 'Restore time and RTO',
    description: 'Restore time of the last successful drill, and the RTO of the plan.',
    queries: [...one(promql.measuredRto(), 'restore'), ...one(promql.rtoSeconds(), 'RTO')],
    unit: 's',
  }),
];

const archives = (): Panels => [
  stat({
    title: 'Newest archive',
    description: 'File name, key and server version of the newest archive.',
    queries: one(promql.newestArchive(), '{{archive}} · key {{key_id}} · server {{server_version}}'),
    unit: 'none',
    steps: neutral,
    nameOnly: true,
    width: 12,
    height: 4,
  }),
  stat({
    ...tile,
    title: 'Anomalies',
    description:
      'Figures of the newest archive that differ from those before it; the log of the backup names them.',
    queries: one(promql.anomalies()),
    unit: 'none',
    steps: atMost(1, 10),
  }),
  stat({
    ...tile,
    title: 'Retention',
    description: 'Nothing is removed while backups fail, so that the last good archive stays.',
    queries: one(promql.retentionFrozen()),
    unit: 'none',
    words: { 0: ['works', 'green'], 1: ['frozen', 'orange'] },
    steps: neutral,
  }),
  stat({
    ...tile,
    title: 'Lock',
    description: 'Duration of the run that currently holds the lock of the target.',
    queries: one(promql.lockAge(), '{{state}}'),
    unit: 's',
    steps: neutral,
    noValue: 'free',
  }),
  lines({
    ...third,
    title: 'Size',
    description: 'Bytes read from the database, and of the archive made of them.',
    queries: [...one(promql.sourceBytes(), 'source'), ...one(promql.archiveBytes(), 'archive')],
    unit: 'bytes',
  }),
  lines({
    ...third,
    title: 'Content',
    description: 'Rows, keys, points and objects that the newest archive holds.',
    queries: one(promql.items(), '{{kind}}'),
    unit: 'short',
  }),
  lines({
    ...third,
    title: 'Compressed to',
    description:
      'Size of the archive as a share of the source. A jump means that data no longer compresses: look for ransomware.',
    queries: one(promql.compressionRatio(), 'archive / source'),
    unit: 'percentunit',
  }),
  lines({
    ...third,
    title: 'Archives kept',
    description: 'By tier, in the primary store.',
    queries: one(promql.archivesByTier(), '{{tier}}'),
    unit: 'short',
    stacked: true,
    calcs: ['lastNotNull'],
  }),
  lines({
    ...third,
    title: 'Bytes kept',
    description: 'By tier, in the primary store. Tiers share their bytes on disk.',
    queries: one(promql.bytesByTier(), '{{tier}}'),
    unit: 'bytes',
    stacked: true,
    calcs: ['lastNotNull'],
  }),
  lines({
    ...third,
    title: 'Not replicated',
    description: 'Archives of the primary store that are missing in a replica.',
    queries: one(promql.replicaMissing(), '{{store}}'),
    unit: 'short',
    noValue: 'no replica',
  }),
];

/** Rows of dashboard `backup-target`. */
export const targetRows = (context: DashboardContext): Readonly<Record<string, Panels>> => ({
  'Can we recover, and to which point?': state(),
  ...targetLogRow(context),
  Runs: runs(),
  Archives: archives(),
});
