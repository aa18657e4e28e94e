import { futureProblem, originProblem } from '../archives/authentic.ts';
import { isOfObject, readManifestText } from '../archives/catalogue.ts';
import { archiveOf, fileName, isManifest } from '../archives/layout.ts';
import { authenticateManifest } from '../archives/manifest.ts';
import { readEntries, type Readable } from '../archives/read.ts';
import { writeFile } from '../archives/write.ts';
import type { Entries } from '../core/entries.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { BaseDump, InspectedBase } from '../engines/engine-base.ts';
import type { Target } from '../plan/schema.ts';
import { allStores, engineOf, findTarget, type App } from '../session/app.ts';
import { readAll } from '../store/batches.ts';
import { listed } from '../store/listed.ts';
import type { Store } from '../store/store.ts';
import {
  baseFolder,
  baseKey,
  baseManifestKey,
  decodeBaseManifest,
  describeBase,
  encodeBaseManifest,
  factsOf,
  type BaseManifest,
  type Rolled,
} from './base-manifest.ts';

/** A base whose manifest is authentic, and of the very target, environment, engine and name. */
export interface Base extends Readable {
  readonly manifest: BaseManifest;
}

/** A base that does not count, and why. */
export interface BrokenBase {
  readonly store: Store;
  readonly key: string;
  readonly error: BackupError;
}

/** Bases of a target in a store. */
export interface Bases {
  /** Oldest first. */
  readonly bases: readonly Base[];
  readonly broken: readonly BrokenBase[];
}

const writeBaseManifest = async (
  app: App,
  store: Store,
  { key, manifest }: Pick<Base, 'key' | 'manifest'>,
) => {
  const text = await encodeBaseManifest(manifest, app.keys);
  await store.put(baseManifestKey(key), oneChunk(text), { replace: false });
};

/** The instant of the data, not of the work: all that asks how old a base is asks for that. */
const instantOf = ({ at }: Rolled) => ({ startedAt: at.toISOString(), finishedAt: at.toISOString() });

/**
 * Streams a base into the primary store, and commits it: nothing is committed unless every byte was found whole.
 * @param rolled where it does not come from the server itself
 */
export const writeBase = async (app: App, target: Target, dump: BaseDump, rolled?: Rolled): Promise<Base> => {
  const store = app.stores.primary;
  const content = {
    server: dump.server,
    entries: dump.entries,
    keyAt: (time: Date, form: Parameters<typeof baseKey>[2]) => baseKey(target.name, time, form),
  };
  const { key, manifest: file } = await writeFile(app, target, content);
  const manifest: BaseManifest = {
    ...file,
    ...(rolled && instantOf(rolled)),
    base: describeBase(await dump.facts(), rolled),
  };
  await writeBaseManifest(app, store, { key, manifest });
  return { store, key, manifest };
};

/** Copies a base to another store. */
export const copyBase = async (app: App, { store, key, manifest }: Base, to: Store): Promise<void> => {
  const { sha256 } = manifest.seal;
  await to.put(key, () => store.get(key), { replace: true, signal: app.run.signal, sha256 });
  await writeBaseManifest(app, to, { key, manifest });
};

/** Of bases, those that another store has no manifest of: their copy failed or was stopped. */
export const notCopied = async (
  bases: readonly Base[],
  target: string,
  to: Store,
): Promise<readonly Base[]> => {
  const there = new Set((await listed(to, baseFolder(target))).map(({ key }) => key));
  return bases.filter(({ key }) => !there.has(baseManifestKey(key)));
};

/** What a manifest says against being this target's. */
const contradiction = ({ plan, run }: App, target: Target, key: string, manifest: BaseManifest) => {
  const expected = { target: target.name, environment: plan.environment, engine: target.engine };
  return (
    originProblem(`base ${key}`, manifest, expected) ?? futureProblem(key, manifest.startedAt, run.now())
  );
};

const readBase = async (app: App, store: Store, target: Target, key: string): Promise<Base> => {
  const text = await readManifestText(store, baseManifestKey(key), { name: `of ${key}` });
  const signed = decodeBaseManifest(text, key);
  const found = contradiction(app, target, key, signed.manifest);
  if (found) throw found;
  return { store, key, manifest: await authenticateManifest(signed, fileName(key), app.keys) };
};

const tryBase = async (
  app: App,
  store: Store,
  target: Target,
  key: string,
): Promise<Base | BrokenBase | undefined> => {
  try {
    return await readBase(app, store, target, key);
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined; // removed meanwhile
    if (isOfObject(error)) return { store, key, error };
    throw error;
  }
};

/** All bases of a target in a store: those that count, and what was set aside. @throws BackupError `store.*` */
export const readBases = async (app: App, store: Store, name: string): Promise<Bases> => {
  const target = findTarget(app.plan, name);
  const manifests = (await listed(store, baseFolder(name))).filter(({ key }) => isManifest(key));
  const found = await readAll(manifests, ({ key }) => tryBase(app, store, target, archiveOf(key)));
  const bases = found.filter((each): each is Base => each !== undefined && 'manifest' in each);
  return {
    bases: bases.toSorted((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? -1 : 1)),
    broken: found.filter((each): each is BrokenBase => each !== undefined && 'error' in each),
  };
};

/** Bases of every store, newest first; a copy counts once. @throws BackupError `store.*` */
export const allBases = async (app: App, name: string): Promise<readonly Base[]> => {
  const byId = new Map<string, Base>();
  for (const store of allStores(app)) {
    const { bases, broken } = await readBases(app, store, name);
    for (const { key, error } of broken)
      app.run.log.warn({ archive: key, store: store.location, problem: error.message }, 'set aside');
    for (const base of bases) if (!byId.has(base.manifest.id)) byId.set(base.manifest.id, base);
  }
  return [...byId.values()].toSorted((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? 1 : -1));
};

/** Entries of a base, nothing of a segment released before it is authenticated. */
export const baseEntries = (app: App, base: Base, label: string): Entries => readEntries(app, base, label);

const isSame = (a: InspectedBase, b: InspectedBase): boolean =>
  a.timeline === b.timeline && a.redo === b.redo && a.end === b.end;

/**
 * `quick`: the file is there and has its size. `deep`: every byte, as pg_verifybackup looks at a base, and that its manifest says
 * of it what it says itself. @throws BackupError `archive.*`
 */
export const verifyBase = async (app: App, base: Base, level: 'quick' | 'deep'): Promise<void> => {
  const { store, key, manifest } = base;
  const object = await store.head(key);
  if (object?.bytes !== manifest.archiveBytes)
    throw new BackupError(
      'archive.truncated',
      `base ${key} has ${object?.bytes ?? 'no'} bytes, ${manifest.archiveBytes} were written`,
    );
  if (level === 'quick') return;
  const work = mustExist(engineOf(findTarget(app.plan, manifest.target)).bases, 'bases of the engine');
  const found = await work.inspect(app.run, baseEntries(app, base, `verify ${manifest.target}`));
  if (!isSame(found, factsOf(manifest)))
    throw new BackupError('archive.damaged', `the manifest of ${key} names another log than the base itself`);
};
