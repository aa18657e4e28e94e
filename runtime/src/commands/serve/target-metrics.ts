import { tiers } from '../../archives/layout.ts';
import type { metrics } from '../../contract/metrics.ts';
import { secondsTaken, unixSeconds } from '../../core/times.ts';
import { parseDuration } from '../../core/units.ts';
import type { Backup, TierFacts } from '../../health/archives-state.ts';
import type { TargetState } from '../../health/target-state.ts';
import type { MetricTable, Value } from '../../metrics/table.ts';
import type { RunRecord } from '../../runs/records.ts';
import type { Instants } from '../../wal/instants.ts';

type Metrics = typeof metrics;

/** Metrics of a target: those with its label, but for those of its copies in replicas. */
export type TargetMetrics = {
  [
    Id in keyof Metrics as 'target' extends Metrics[Id]['labels'][number]
      ? 'store' extends Metrics[Id]['labels'][number] ? never : Id
      : never
  ]: Metrics[Id];
}; // prettier-ignore

/** Of the newest backup; absent where there is none. */
const ofNewest =
  (measure: (manifest: Backup['manifest']) => Value) =>
  ({ newest }: TargetState): Value =>
    newest && measure(newest.manifest);

const perTier = (measure: (facts: TierFacts) => Value) => (state: TargetState) =>
  tiers.map((tier) => ({ labels: { tier }, value: measure(state.tiers[tier]) }));

/** Windows by number, 1 the newest. */
const perWindow =
  (instant: (window: Instants) => string) =>
  ({ log }: TargetState) =>
    (log?.windows ?? []).map((window, index, { length }) => ({
      labels: { window: `${length - index}` },
      value: unixSeconds(instant(window)),
    }));

/** Of the last run of each command. */
const perCommand =
  (measure: (record: RunRecord) => Value) =>
  ({ lastRuns }: TargetState) =>
    [...lastRuns].map(([command, record]) => ({ labels: { command }, value: measure(record) }));

/** What was set aside, by whether a key is what it lacks. */
const aside = ({ setAside }: TargetState, withoutKey: boolean): number =>
  setAside.filter(({ error }) => (error.code === 'key.wrong') === withoutKey).length;

/** How each metric of a target follows from its state. */
export const targetMetrics: MetricTable<TargetMetrics, TargetState, 'target'> = {
  targetInfo: ({ target: { engine } }) => [{ labels: { engine }, value: 1 }],
  rpo: ({ target }) => parseDuration(target.rpo),
  rto: ({ target }) => parseDuration(target.rto),
  nextRunAt: ({ nextRunAt }) => unixSeconds(nextRunAt),

  newestInfo: ({ newest }) =>
    newest
      ? [
          {
            labels: {
              archive: newest.key,
              key_id: newest.manifest.encryption?.keyId ?? 'none',
              server_version: newest.manifest.server.version,
            },
            value: 1,
          },
        ]
      : [],
  newestFinishedAt: ofNewest(({ finishedAt }) => unixSeconds(finishedAt)),
  recoveryPoint: ({ recoveryPoint }) => unixSeconds(recoveryPoint),
  duration: ofNewest(secondsTaken),
  sourceBytes: ofNewest(({ sourceBytes }) => sourceBytes),
  archiveBytes: ofNewest(({ archiveBytes }) => archiveBytes),
  sizeRatio: ({ sizeRatio }) => sizeRatio,
  items: ({ newest }) =>
    Object.entries(newest?.totals ?? {}).map(([kind, value]) => ({
      labels: { kind },
      value,
    })),
  anomalies: ({ anomalies }) => anomalies.length,

  archives: perTier(({ archives }) => archives),
  tierBytes: perTier(({ bytes }) => bytes),
  tierNewest: perTier(({ newest }) => unixSeconds(newest)),
  tierOldest: perTier(({ oldest }) => unixSeconds(oldest)),
  withoutKey: (state) => aside(state, true),
  broken: (state) => aside(state, false),
  retentionFrozen: ({ frozen }) => frozen !== undefined,

  logWindowStart: perWindow(({ from }) => from),
  logWindowEnd: perWindow(({ to }) => to),
  logHoles: ({ log }) => log?.holes,
  bases: ({ log }) => log?.bases,
  brokenBases: ({ log }) => log?.setAside.length,
  newestBaseAt: ({ log }) => unixSeconds(log?.newestBase),

  lastVerifiedAt: ({ verifiedAt }) => unixSeconds(verifiedAt),
  verifiedPoint: ({ verifiedPoint }) => unixSeconds(verifiedPoint),
  lastDrillAt: ({ drills }) => unixSeconds(drills.last?.at),
  lastDrillOk: ({ drills }) => drills.last?.ok,
  lastGoodDrillAt: ({ drills }) => unixSeconds(drills.lastGood?.at),
  measuredRto: ({ drills }) => drills.measuredSeconds,
  lastLogDrillAt: ({ logDrills }) => unixSeconds(logDrills.last?.at),
  lastLogDrillOk: ({ logDrills }) => logDrills.last?.ok,
  lastGoodLogDrillAt: ({ logDrills }) => unixSeconds(logDrills.lastGood?.at),
  measuredLogRto: ({ logDrills }) => logDrills.measuredSeconds,
  lastAgreedAt: ({ logDrills }) => unixSeconds(logDrills.agreedAt),

  lastRunAt: perCommand(({ finishedAt }) => unixSeconds(finishedAt)),
  lastRunOk: perCommand(({ ok }) => ok),
  lastRunExitCode: perCommand(({ exitCode }) => exitCode),
  lastRunDuration: perCommand(secondsTaken),
  lockTakenAt: ({ lock }) =>
    lock ? [{ labels: { state: lock.state }, value: unixSeconds(lock.lock?.startedAt) }] : [],
};
