import { isRegular } from '../../archives/facts.ts';
import { parseDuration } from '../../core/units.ts';
import { targetReader, type TargetState } from '../../health/target-state.ts';
import type { App } from '../../session/app.ts';
import type { TargetStatus } from './result.ts';

/** What the newest archive says. */
const ofNewest = ({ newest, ageSeconds }: TargetState) => {
  if (!newest || ageSeconds === undefined) return {};
  const { startedAt, archiveBytes } = newest.manifest;
  return { newest: newest.key, startedAt, archiveBytes, ageSeconds: Math.floor(ageSeconds) };
};

const lastRunOf = ({ lastRuns }: TargetState): TargetStatus['lastRun'] => {
  const record = lastRuns.get('backup');
  if (!record) return undefined;
  const { startedAt, ok, failure } = record;
  return { startedAt, ok, ...(failure && { failure: failure.code }) };
};

const lastDrillOf = ({ drills, withinRto = false }: TargetState): TargetStatus['lastDrill'] =>
  drills.last && { ...drills.last, withinRto };

const present = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

const statusOf = (state: TargetState): TargetStatus => {
  const { target, archives, setAside, withinRpo, sizeRatio, verifiedAt, nextRunAt } = state;
  return {
    target: target.name,
    engine: target.engine,
    archives: archives.filter(({ manifest }) => isRegular(manifest)).length,
    setAside: setAside.map(({ key, error }) => ({ archive: key, code: error.code, problem: error.message })),
    ...ofNewest(state),
    rpoSeconds: parseDuration(target.rpo),
    withinRpo,
    rtoSeconds: parseDuration(target.rto),
    ...present({ sizeRatio, verifiedAt, lastRun: lastRunOf(state), lastDrill: lastDrillOf(state) }),
    ...(nextRunAt !== undefined && { nextRun: nextRunAt }),
  };
};

/** State of every target in the primary store. */
export const status = async (app: App): Promise<readonly TargetStatus[]> => {
  const [read, now] = [targetReader(app), app.run.now()];
  return (await Promise.all(app.plan.targets.map((target) => read(target, now)))).map(statusOf);
};
