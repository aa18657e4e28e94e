import { isRewritten } from '../archives/authentic.ts';
import { isOfObject } from '../archives/catalogue.ts';
import { isVerified } from '../archives/facts.ts';
import { decideRetention, type Candidate, type Circumstances, type Decision } from './decision.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Target } from '../plan/schema.ts';
import type { Store } from '../store/store.ts';
import { allStores, type App } from '../session/app.ts';
import { knownOf, type KnownArchive } from '../archives/known.ts';
import { graceEnd, removeOrphans } from '../archives/orphans.ts';
import type { Manifest } from '../archives/manifest.ts';
import { believedAt } from '../archives/of-target.ts';
import { pruneParts } from '../archives/parts/prune.ts';
import { lockedBy, removeArchive } from '../archives/remove.ts';

/** What retention decided for one archive of one store. */
export interface Pruned extends Decision {
  readonly target: string;
  readonly store: string;
  /** How many parts; absent for an archive. */
  readonly objects?: number;
}

/** An archive by what retention looks at. */
interface Judged {
  readonly key: string;
  readonly manifest: Pick<Manifest, 'tier' | 'startedAt' | 'verifications'>;
}

/** What retention sees of an archive. */
export const candidateOf = ({ key, manifest }: Judged): Candidate => ({
  key,
  tier: manifest.tier,
  startedAt: new Date(manifest.startedAt),
  verified: isVerified(manifest),
});

/** An archive that cannot be believed has no say in retention, and is kept for a person to look at. */
const believed = async (app: App, target: Target, store: Store): Promise<readonly KnownArchive[]> => {
  const { archives, setAside } = await knownOf(app, store, target.name);
  for (const { key, error } of setAside)
    app.run.log.warn(
      { archive: key, store: store.location, problem: error.message },
      'kept an archive that was set aside',
    );
  return archives;
};

/** One archive that cannot be removed must not keep the volume from being freed of the others. */
const notRemoved = ({ run }: App, error: unknown): string => {
  if (run.signal.aborted || !isOfObject(error)) throw error;
  return error.message;
};

/** Decided by an index perhaps; what goes is looked at itself. */
const removeBelieved = async (app: App, target: Target, store: Store, key: string) => {
  await believedAt(app, store, target.name, key);
  return removeArchive(app, store, key);
};

/** Removes an archive where that was decided; neither it nor its manifest goes while one of them is locked. */
const carryOut = async (
  app: App,
  target: Target,
  store: Store,
  decision: Decision,
  dryRun: boolean,
): Promise<Decision> => {
  const { key, keep, reason } = decision;
  if (keep) return decision;
  const locked = await (dryRun
    ? lockedBy(app, store, key)
    : removeBelieved(app, target, store, key).catch((error: unknown) => notRemoved(app, error)));
  if (!locked) return decision;
  return { key, keep: true, reason: `${reason}; ${locked}` };
};

/** What `rekey` rewrote has no rank of its own, else a backup would take two places of its tier. */
const decide = (
  app: App,
  target: Target,
  archives: readonly KnownArchive[],
  circumstances: Circumstances,
): readonly Decision[] => {
  const rewritten = archives.filter((archive) => isRewritten(archive, archives, app.keys));
  const candidates = archives.filter((archive) => !rewritten.includes(archive)).map(candidateOf);
  const { frozen, force } = circumstances;
  return [
    ...decideRetention(candidates, retentionOf(app.plan, target), app.run.now(), circumstances),
    ...rewritten.map(({ key }) =>
      frozen === undefined || force
        ? { key, keep: false, reason: 'rewritten under another key' }
        : { key, keep: true, reason: frozen },
    ),
  ];
};

const pruneStore = async (
  app: App,
  target: Target,
  store: Store,
  { dryRun, ...circumstances }: PruneOptions,
): Promise<readonly Pruned[]> => {
  const archives = await believed(app, target, store);
  const results: Pruned[] = [];
  for (const decision of decide(app, target, archives, circumstances)) {
    const done = await carryOut(app, target, store, decision, dryRun);
    results.push({ target: target.name, store: store.location, ...done });
  }
  return results;
};

export interface PruneOptions extends Circumstances {
  readonly dryRun: boolean;
}

/**
 * Applies retention to the archives of a target in every store, and removes what killed runs left, and parts that no archive names;
 * `dryRun` decides only, and of parts by the archives that are there.
 */
export const prune = async (app: App, target: Target, options: PruneOptions): Promise<readonly Pruned[]> => {
  const results: Pruned[] = [];
  for (const store of allStores(app)) results.push(...(await pruneStore(app, target, store, options)));
  const isFree = options.force || options.frozen === undefined;
  if (isFree && !options.dryRun) await removeOrphans(app, target.name);
  if (isFree) results.push(...(await pruneParts(app, target.name, options)));
  return results;
};

/**
 * Frees space for the lock in a store that is full: what killed runs left, else the oldest archive that retention does
 * not keep.
 * @returns the archive, `leftovers`, or undefined where nothing can go
 */
export const makeRoom = async (
  app: App,
  target: Target,
  circumstances: Circumstances,
): Promise<Pruned | 'leftovers' | undefined> => {
  const { primary } = app.stores;
  if ((await primary.removeLeftovers(graceEnd(app))) > 0) return 'leftovers';
  const archives = await believed(app, target, primary);
  for (const decision of decide(app, target, archives, circumstances).filter(({ keep }) => !keep)) {
    const done = await carryOut(app, target, primary, decision, false);
    if (!done.keep) return { target: target.name, store: primary.location, ...done };
  }
  return undefined;
};
