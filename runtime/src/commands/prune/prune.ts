import type { Pruned, PruneOptions } from '../../retention/application.ts';
import { runsStateReader } from '../../health/runs-state.ts';
import { makeRoom, prune } from '../../retention/application.ts';
import { recorded, type Summary } from '../../runs/recorded-run.ts';
import { findTarget, type App } from '../../session/app.ts';

/** What the record of a run says of a prune. */
const pruneSummary = (decisions: readonly Pruned[]): Summary => {
  const removed = decisions.filter(({ keep }) => !keep);
  return { figures: { kept: decisions.length - removed.length, removed: removed.length } };
};

/** Retention as a command of its own; a dry run changes nothing, so it needs no lock and leaves no record. */
export const pruneRun = async (
  app: App,
  name: string,
  options: Pick<PruneOptions, 'dryRun' | 'force'>,
): Promise<readonly Pruned[]> => {
  const target = findTarget(app.plan, name);
  const freed: Pruned[] = [];
  const circumstances = async (inner: App) => {
    const { frozen } = await runsStateReader(inner)(name, inner.run.now());
    return { ...options, frozen };
  };
  const carryOutAll = async (inner: App) => [
    ...freed,
    ...(await prune(inner, target, await circumstances(inner))),
  ];
  if (options.dryRun) return carryOutAll(app);
  const room = async (inner: App): Promise<boolean> => {
    const gone = await makeRoom(inner, target, await circumstances(inner));
    if (gone && gone !== 'leftovers') freed.push(gone);
    return gone !== undefined;
  };
  return recorded(
    app,
    { command: 'prune', target: name, lock: true, makeRoom: room, summarise: pruneSummary },
    carryOutAll,
  );
};

/** Applies retention to one target, or to every target of the plan. */
export const pruneTargets = async (
  app: App,
  name: string | undefined,
  options: Pick<PruneOptions, 'dryRun' | 'force'>,
): Promise<readonly Pruned[]> => {
  const targets = name ? [name] : app.plan.targets.map((target) => target.name);
  const decisions: Pruned[] = [];
  for (const target of targets) decisions.push(...(await pruneRun(app, target, options)));
  return decisions;
};
