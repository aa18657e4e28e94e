import type { PruneOptions } from '../../retention/application.ts';
import { runsStateReader } from '../../health/runs-state.ts';
import { makeRoom, prune } from '../../retention/application.ts';
import { logFrozenBy } from '../../retention/frozen.ts';
import { recorded, type Summary } from '../../runs/recorded-run.ts';
import { findTarget, type App } from '../../session/app.ts';
import { pruneLog } from '../../wal/prune.ts';
import type { PruneResult } from './result.ts';
import { keepIndexes } from '../../health/keep-index.ts';

/** What the record of a run says of a prune. */
const pruneSummary = (decisions: PruneResult): Summary => {
  const count = (keep: boolean) =>
    decisions.filter((each) => each.keep === keep).reduce((sum, { objects = 1 }) => sum + objects, 0);
  return { figures: { kept: count(true), removed: count(false) } };
};

/** Retention as a command of its own; a dry run changes nothing, so it needs no lock and leaves no record. */
export const pruneRun = async (
  app: App,
  name: string,
  options: Pick<PruneOptions, 'dryRun' | 'force'>,
): Promise<PruneResult> => {
  const target = findTarget(app.plan, name);
  const freed: PruneResult[number][] = [];
  const runsOf = (inner: App) => runsStateReader(inner)(target, inner.run.now());
  const carryOutAll = async (inner: App) => {
    const { frozen, lastRuns } = await runsOf(inner);
    const { dryRun, force } = options;
    return [
      ...freed,
      ...(await prune(inner, target, { ...options, frozen })),
      ...(await pruneLog(inner, target, {
        dryRun,
        frozen: force ? undefined : logFrozenBy(new Map(lastRuns)),
      })),
    ];
  };
  if (options.dryRun) return carryOutAll(app);
  const room = async (inner: App): Promise<boolean> => {
    const gone = await makeRoom(inner, target, { ...options, frozen: (await runsOf(inner)).frozen });
    if (gone && gone !== 'leftovers') freed.push(gone);
    return gone !== undefined;
  };
  return recorded(
    app,
    { command: 'prune', target: name, lock: true, makeRoom: room, summarise: pruneSummary, keepIndexes },
    carryOutAll,
  );
};

/** Applies retention to one target, or to every target of the plan. */
export const pruneTargets = async (
  app: App,
  name: string | undefined,
  options: Pick<PruneOptions, 'dryRun' | 'force'>,
): Promise<PruneResult> => {
  const targets = name ? [name] : app.plan.targets.map((target) => target.name);
  const decisions: PruneResult[number][] = [];
  for (const target of targets) decisions.push(...(await pruneRun(app, target, options)));
  return decisions;
};
