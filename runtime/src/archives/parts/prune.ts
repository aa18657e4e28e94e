import { throwIfStopped } from '../../core/stopped.ts';
import { allStores, type App } from '../../session/app.ts';
import { removeUnlessLocked } from '../../store/remove.ts';
import type { Store } from '../../store/store.ts';
import { graceEnd } from '../orphans.ts';
import { partIdOf, partsFolder } from './keys.ts';
import { referencesOf, type References } from './references.ts';
import { storedParts } from './stored.ts';
import { readMarks, writeMarks, type Marks } from './unreferenced.ts';

/** Parts that no archive names: those that may go, and those that are only marked. */
export interface Decided {
  readonly removable: readonly string[];
  readonly marks: Marks;
}

/**
 * A part may go where no archive named it at two looks, a day apart: longer than any run that could yet name it, however long
 * it was frozen.
 */
export const decideParts = (
  stored: Iterable<string>,
  { ids }: Pick<References, 'ids'>,
  marks: Marks,
  now: Date,
  before: Date,
): Decided => {
  const unnamed = [...stored].filter((key) => {
    const id = partIdOf(key);
    return id !== undefined && !ids.has(id);
  });
  const sinceOf = (key: string): string => {
    const since = marks.get(key);
    return since !== undefined && new Date(since) <= now ? since : now.toISOString();
  };
  return {
    removable: unnamed.filter((key) => new Date(sinceOf(key)) < before),
    marks: new Map(unnamed.map((key) => [key, sinceOf(key)])),
  };
};

/** What became of parts that no archive names, as retention tells of archives. */
export interface PrunedParts {
  readonly target: string;
  readonly store: string;
  /** Folder of the parts. */
  readonly key: string;
  readonly keep: boolean;
  readonly reason: string;
  readonly objects: number;
}

const toldOf = (target: string, store: Store, removed: number, left: number): readonly PrunedParts[] => {
  const about = { target, store: store.location, key: partsFolder(target) };
  return [
    { ...about, keep: false, reason: 'parts that no archive has named for a day', objects: removed },
    {
      ...about,
      keep: true,
      reason: 'parts that no archive names; they go a day after that was seen, unless locked',
      objects: left,
    },
  ].filter(({ objects }) => objects > 0);
};

const pruneStore = async (
  app: App,
  target: string,
  store: Store,
  dryRun: boolean,
): Promise<readonly PrunedParts[]> => {
  const { run } = app;
  const stored = await storedParts(store, target); // before the manifests: what is stored afterwards is not looked at
  if (![...stored.keys()].some((key) => partIdOf(key) !== undefined)) return [];
  const references = await referencesOf(app, target);
  const [problem] = references.unreadable;
  if (problem !== undefined) {
    run.log.warn(
      { target, store: store.location, problem },
      'no part was removed: nobody knows what it names',
    );
    return [];
  }
  const marked = await readMarks(app, store, target);
  const { removable, marks } = decideParts(stored.keys(), references, marked, run.now(), graceEnd(app));
  if (dryRun) return toldOf(target, store, removable.length, marks.size - removable.length);
  const removed = new Set<string>();
  for (const key of removable) {
    throwIfStopped(run);
    if (await removeUnlessLocked(store, key)) removed.add(key);
  }
  const left = new Map([...marks].filter(([key]) => !removed.has(key)));
  if (left.size > 0 || marked.size > 0) await writeMarks(app, store, target, left); // last: a store may be full
  return toldOf(target, store, removed.size, left.size);
};

/** Removes parts that no archive of the target names any more; call it under the target's lock. `dryRun` decides only. */
export const pruneParts = async (
  app: App,
  target: string,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<readonly PrunedParts[]> => {
  const pruned: PrunedParts[] = [];
  for (const store of allStores(app)) pruned.push(...(await pruneStore(app, target, store, dryRun)));
  return pruned;
};
