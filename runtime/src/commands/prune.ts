import { authenticate, readCatalog, type Archive } from '../catalog/catalog.ts';
import { manifestKey } from '../catalog/layout.ts';
import type { Manifest } from '../catalog/manifest.ts';
import { decideRetention, type Candidate, type Circumstances, type Decision } from '../catalog/retention.ts';
import { readRuns, saysSomething } from '../catalog/runs.ts';
import { isBackupError, messageOf } from '../core/errors.ts';
import { throwIfStopped } from '../core/stopped.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Target } from '../plan/schema.ts';
import { untilText, type Store } from '../store/store.ts';
import { allStores, findTarget, type App } from './app.ts';
import { recorded } from './lifecycle.ts';
import { removeOrphans } from './orphans.ts';
import { pruneSummary } from './summaries.ts';

/** What retention decided for one archive of one store. */
export interface Pruned extends Decision {
  readonly target: string;
  readonly store: string;
}

/** What retention sees of an archive. */
export const candidateOf = (key: string, manifest: Manifest): Candidate => ({
  key,
  tier: manifest.tier,
  startedAt: new Date(manifest.startedAt),
  verified: manifest.verifications.some(({ ok }) => ok),
});

/** An archive whose manifest cannot be believed has no say in retention, and is kept for a person to look at. */
const believed = async (app: App, archives: readonly Archive[]): Promise<readonly Candidate[]> => {
  const candidates: Candidate[] = [];
  for (const archive of archives) {
    try {
      candidates.push(candidateOf(archive.key, await authenticate(archive, app.keys)));
    } catch (error) {
      app.run.log.warn(
        { archive: archive.key, store: archive.store.location, problem: messageOf(error) },
        'kept an archive that is not authentic',
      );
    }
  }
  return candidates;
};

/** Why an object may not be removed yet; undefined where it may. */
const lockOf = async (store: Store, key: string, now: Date): Promise<string | undefined> => {
  const lockedUntil = (await store.head(key))?.lockedUntil;
  return lockedUntil && lockedUntil > now ? `locked until ${untilText(lockedUntil)}` : undefined;
};

/** The manifest goes first: what is left of a killed run is an archive without manifest, which never counts. */
const remove = async ({ run }: App, store: Store, key: string): Promise<void> => {
  throwIfStopped(run);
  await store.remove(manifestKey(key));
  await store.remove(key);
};

/** Why an archive stays although it could go; undefined where nothing keeps it. */
const lockedBy = async (app: App, store: Store, key: string): Promise<string | undefined> => {
  const now = app.run.now();
  return (await lockOf(store, manifestKey(key), now)) ?? (await lockOf(store, key, now));
};

const unlessLocked = (error: unknown): string => {
  if (isBackupError(error, 'store.locked')) return error.message;
  throw error;
};

/** Removes an archive where that was decided; neither it nor its manifest goes while one of them is locked. */
const carryOut = async (app: App, store: Store, decision: Decision, dryRun: boolean): Promise<Decision> => {
  const { key, keep, reason } = decision;
  if (keep) return decision;
  const locked =
    (await lockedBy(app, store, key)) ??
    (dryRun ? undefined : await remove(app, store, key).then(() => undefined, unlessLocked));
  if (!locked) return decision;
  app.run.log.warn({ archive: key, store: store.location, reason: locked }, 'not removed');
  return { key, keep: true, reason: `${reason}; ${locked}` };
};

const pruneStore = async (
  app: App,
  target: Target,
  store: Store,
  { dryRun, ...circumstances }: PruneOptions,
): Promise<readonly Pruned[]> => {
  const { archives } = await readCatalog(store, target.name);
  const candidates = await believed(app, archives);
  const policy = retentionOf(app.plan, target);
  const results: Pruned[] = [];
  for (const decision of decideRetention(candidates, policy, app.run.now(), circumstances)) {
    const done = await carryOut(app, store, decision, dryRun);
    results.push({ target: target.name, store: store.location, ...done });
  }
  return results;
};

export interface PruneOptions extends Circumstances {
  readonly dryRun: boolean;
}

/** Applies retention to the archives of a target in every store, and removes what killed runs left; `dryRun` decides only. */
export const prune = async (app: App, target: Target, options: PruneOptions): Promise<readonly Pruned[]> => {
  const results: Pruned[] = [];
  for (const store of allStores(app)) results.push(...(await pruneStore(app, target, store, options)));
  if (!options.dryRun && (options.force || options.frozen === undefined))
    await removeOrphans(app, target.name);
  return results;
};

/** Why retention waits: the last backup failed. */
const frozenBy = async ({ stores }: App, target: string): Promise<string | undefined> => {
  for await (const record of readRuns(stores.primary, target, 'backup')) {
    if (!saysSomething(record)) continue;
    return record.ok
      ? undefined
      : `nothing is removed while backups fail: ${record.failure?.code} at ${record.startedAt}`;
  }
  return undefined;
};

/** Retention as a command of its own; a dry run changes nothing, so it needs no lock and leaves no record. */
export const pruneRun = async (
  app: App,
  name: string,
  options: Pick<PruneOptions, 'dryRun' | 'force'>,
): Promise<readonly Pruned[]> => {
  const target = findTarget(app.plan, name);
  const decide = async (inner: App) =>
    prune(inner, target, { ...options, frozen: await frozenBy(inner, name) });
  if (options.dryRun) return decide(app);
  return recorded(app, { command: 'prune', target: name, lock: true, summarise: pruneSummary }, decide);
};
