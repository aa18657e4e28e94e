import { parseDuration } from '../core/units.ts';
import type { Target } from '../plan/schema.ts';
import { engineOf, type App } from '../session/app.ts';
import {
  carryOutBase,
  readCopies,
  type BaseCopies,
  type CopiedBase,
  type CopyOutcome,
} from './base-copies.ts';
import { byId, chainOf } from './chain.ts';
import { readSystems, type Systems } from './log-lines.ts';
import { systemFolder } from './names.ts';
import { placeOf, type LogPlace } from './place.ts';
import { pruneSystem, type LogOutcome, type LogPruning } from './prune-system.ts';
import {
  decideBases,
  neededByIncrement,
  silence,
  withoutBase,
  type BaseDecision,
  type BaseFact,
} from './retention.ts';

/** What retention decided for a base, or for objects of the log together. */
export interface PrunedLog {
  readonly target: string;
  readonly store: string;
  /** Of a base; of the folder of a timeline. */
  readonly key: string;
  readonly keep: boolean;
  readonly reason: string;
  /** How many objects of the folder; absent for a base. */
  readonly objects?: number;
}

export interface LogPruneOptions {
  readonly dryRun: boolean;
  /** Why nothing is to be removed now: the last base or drill failed. */
  readonly frozen?: string | undefined;
}

/** Nothing says how long it is kept, so that a person has to. */
const unplanned = (name: string): string =>
  `the plan keeps no log of ${name} any more (pointInTime), so nothing is removed: remove base/${name}/ and wal/${name}/ by hand`;

/** Everything stays, and is said to. */
const keptUnplanned = (
  place: LogPlace,
  { systems }: Systems,
  { bases }: BaseCopies,
): readonly Omit<PrunedLog, 'target'>[] => {
  const decision = { keep: true, reason: unplanned(place.target) };
  return [
    ...bases.flatMap(({ copies }) =>
      copies.map(({ store, key }) => ({ store: store.location, key, ...decision })),
    ),
    ...systems.map(({ system, pieces }) => ({
      store: place.store.location,
      key: systemFolder(place.target, system),
      objects: pieces.length,
      ...decision,
    })),
  ];
};

/** Why nothing may go now, whatever was decided. */
const waitsFor = (
  { run }: App,
  frozen: string | undefined,
  { systems, problem: unclear }: Systems,
  { bases, problem: broken }: BaseCopies,
): string | undefined => {
  const facts = bases.map(({ fact }) => fact);
  const problem = broken ?? unclear;
  return (
    frozen ??
    silence(systems, run.now().getTime()) ??
    withoutBase(systems, facts) ??
    (problem && `nothing is removed while this is not put right or removed: ${problem}`)
  );
};

/** Increments before what they go on from: a run that is killed leaves none that is made of what is gone. */
const layersLast = (decisions: readonly BaseDecision[]): readonly BaseDecision[] => {
  const all = byId(decisions.map(({ base }) => base));
  const depth = ({ base }: BaseDecision): number => chainOf(base, all)?.length ?? 0;
  return decisions.toSorted((a, b) => depth(b) - depth(a));
};

/** Bases first: what one of them needs goes only when it is gone, and no base before the increments of it. */
const pruneBases = async (
  { app, from, waits, dryRun }: LogPruning,
  systems: Systems['systems'],
  bases: readonly CopiedBase[],
): Promise<{ readonly outcomes: readonly CopyOutcome[]; readonly left: readonly BaseFact[] }> => {
  const facts = bases.map(({ fact }) => fact);
  const outcomes: CopyOutcome[] = [];
  const left: BaseFact[] = [];
  for (const { base, keep, reason } of layersLast(decideBases(systems, facts, from))) {
    const copied = bases.find(({ fact }) => fact === base);
    const isNeeded = left.some(({ incrementOf }) => incrementOf === base.id); // a locked one stays
    const why = waits ?? (isNeeded ? neededByIncrement : undefined);
    const decision = keep || why === undefined ? { keep, reason } : { keep: true, reason: why };
    const done = copied ? await carryOutBase(app, copied, decision, dryRun) : [];
    outcomes.push(...done);
    if (done.some((copy) => copy.keep)) left.push(base);
  }
  return { outcomes, left };
};

/** Applies the window to what was read. */
const pruneRead = async (
  pruning: LogPruning,
  { systems }: Systems,
  { bases }: BaseCopies,
): Promise<readonly Omit<PrunedLog, 'target'>[]> => {
  const { outcomes, left } = await pruneBases(pruning, systems, bases);
  const logs: LogOutcome[] = [];
  for (const system of systems) logs.push(...(await pruneSystem(pruning, system, left)));
  return [...outcomes, ...logs.map((each) => ({ store: pruning.place.store.location, ...each }))];
};

/**
 * Retention of the bases and the log of a target: any instant of the plan's window stays restorable.
 * @returns what was decided; nothing for a target that has neither
 */
export const pruneLog = async (
  app: App,
  target: Target,
  { dryRun, frozen }: LogPruneOptions,
): Promise<readonly PrunedLog[]> => {
  const { log } = engineOf(target);
  if (!log) return [];
  const { name, pointInTime } = target;
  const from = app.run.now().getTime() - (pointInTime ? parseDuration(pointInTime.window) * 1000 : 0);
  const place = placeOf(app, name);
  const read = await readSystems(place, log, from);
  const copies = await readCopies(app, name);
  const waits = waitsFor(app, frozen, read, copies);
  const pruned = await (pointInTime
    ? pruneRead({ app, place, log, from, waits, dryRun }, read, copies)
    : keptUnplanned(place, read, copies));
  return pruned.map((each) => ({ target: name, ...each }));
};
