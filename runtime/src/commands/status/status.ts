import { choiceOfParts } from '../../archives/parts/choice.ts';
import { present } from '../../core/present.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import { parseDuration } from '../../core/units.ts';
import { targetReader, type TargetState } from '../../health/target-state.ts';
import { targetsTogether } from '../../health/targets-together.ts';
import type { App } from '../../session/app.ts';
import type { TargetStatus } from './result.ts';

/** What the newest archive says. */
const ofNewest = ({ newest }: TargetState) => {
  if (!newest) return {};
  const { startedAt, archiveBytes } = newest.manifest;
  return { newest: newest.key, startedAt, archiveBytes };
};

const ofRecoveryPoint = ({ recoveryPoint, ageSeconds }: TargetState) =>
  ageSeconds === undefined ? {} : { recoveryPoint, ageSeconds: Math.floor(ageSeconds) };

const asideOf = (broken: readonly Pick<TargetState['setAside'][number], 'key' | 'error'>[]) =>
  broken.map(({ key, error }) => ({ archive: key, code: error.code, problem: error.message }));

const logOf = ({ log }: TargetState): TargetStatus['log'] => {
  if (!log) return undefined;
  const { newestBase, setAside, ...counts } = log;
  return { ...counts, ...(newestBase !== undefined && { newestBase }), setAside: asideOf(setAside) };
};

const lastRunsOf = ({ lastRuns }: TargetState): TargetStatus['lastRuns'] =>
  [...lastRuns].map(([command, { startedAt, finishedAt, ok, exitCode, failure }]) => ({
    command,
    startedAt,
    finishedAt,
    ok,
    exitCode,
    ...(failure && { failure: failure.code }),
  }));

const lockOf = ({ lock }: TargetState): TargetStatus['lock'] => {
  if (!lock) return undefined;
  const { state, lock: taken } = lock;
  if (!taken) return { state };
  return { state, command: taken.owner.command, host: taken.owner.host, since: taken.startedAt };
};

const lastDrillOf = ({ drills, withinRto = false }: TargetState): TargetStatus['lastDrill'] =>
  drills.last && { ...drills.last, withinRto };

const lastLogDrillOf = ({ logDrills: { last, agreedAt } }: TargetState): TargetStatus['lastLogDrill'] =>
  last && { ...last, ...(agreedAt !== undefined && { agreedAt }) };

export const statusOf = (state: TargetState): TargetStatus => {
  const { target, backups, setAside, withinRpo, sizeRatio, verifiedAt, anomalies, frozen } = state;
  return {
    target: target.name,
    engine: target.engine,
    archives: backups,
    setAside: asideOf(setAside),
    ...ofNewest(state),
    ...ofRecoveryPoint(state),
    rpoSeconds: parseDuration(target.rpo),
    withinRpo,
    rtoSeconds: parseDuration(target.rto),
    lastRuns: lastRunsOf(state),
    anomalies,
    ...present({ parts: choiceOfParts(target, state.newest?.manifest.sourceBytes) }),
    ...present({ sizeRatio, verifiedAt, lastDrill: lastDrillOf(state), lastLogDrill: lastLogDrillOf(state) }),
    ...present({ log: logOf(state), logProblem: state.logProblem?.message }),
    ...present({ lock: lockOf(state), frozen, nextRun: state.nextRunAt }),
  };
};

/** State of every target in the primary store. */
export const status = async (app: App): Promise<readonly TargetStatus[]> => {
  const now = app.run.now();
  // a reader for each: what it remembers of a target goes with it
  return sideBySide(app.plan.targets, targetsTogether, async (target) =>
    statusOf(await targetReader(app)(target, now)),
  );
};
