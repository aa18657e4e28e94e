import { authenticate, readCatalog, type Archive } from '../catalog/catalog.ts';
import { manifestKey } from '../catalog/layout.ts';
import type { Manifest } from '../catalog/manifest.ts';
import { decideRetention, type Candidate, type Decision } from '../catalog/retention.ts';
import { messageOf } from '../core/errors.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Target } from '../plan/schema.ts';
import type { Store } from '../store/store.ts';
import { findTarget, type App } from './app.ts';
import { recorded } from './lifecycle.ts';
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

/** The manifest goes first: what is left of a killed run is an archive without manifest, which never counts. */
const remove = async (store: Store, key: string): Promise<void> => {
  await store.remove(manifestKey(key));
  await store.remove(key);
};

const pruneStore = async (
  app: App,
  target: Target,
  store: Store,
  dryRun: boolean,
): Promise<readonly Pruned[]> => {
  const { archives } = await readCatalog(store, target.name);
  const decisions = decideRetention(
    await believed(app, archives),
    retentionOf(app.plan, target),
    app.run.now(),
  );
  if (!dryRun) for (const { key } of decisions.filter(({ keep }) => !keep)) await remove(store, key);
  return decisions.map((decision) => ({ target: target.name, store: store.location, ...decision }));
};

export interface PruneOptions {
  readonly dryRun: boolean;
}

/** Applies retention to the archives of a target in every store; `dryRun` decides only. */
export const prune = async (
  app: App,
  target: Target,
  { dryRun }: PruneOptions,
): Promise<readonly Pruned[]> => {
  const results: Pruned[] = [];
  for (const store of [app.stores.primary, ...app.stores.replicas])
    results.push(...(await pruneStore(app, target, store, dryRun)));
  return results;
};

/** Retention as a command of its own; a dry run changes nothing, so it needs no lock and leaves no record. */
export const pruneRun = async (app: App, name: string, options: PruneOptions): Promise<readonly Pruned[]> => {
  const target = findTarget(app.plan, name);
  if (options.dryRun) return prune(app, target, options);
  return recorded(app, { command: 'prune', target: name, lock: true, summarise: pruneSummary }, (inner) =>
    prune(inner, target, options),
  );
};
