import { futureProblem, originProblem } from '../archives/authentic.ts';
import { isOfObject, readManifestText } from '../archives/catalogue.ts';
import { archiveOf, fileName, isManifest } from '../archives/layout.ts';
import { authenticateManifest } from '../archives/manifest.ts';
import { readEntries, type Readable } from '../archives/read.ts';
import { writeFile } from '../archives/write.ts';
import type { DumpEntry } from '../core/entries.ts';
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
  type Making,
} from './base-manifest.ts';
import { byId, chainOf, type Link } from './chain.ts';

/** A base whose manifest is authentic, and of the very target, environment, engine and name. */
export interface Base extends Readable {
  readonly manifest: BaseManifest;
}

/** A base with those that it goes on from, the whole one first; none for one that is whole by itself. */
export interface WholeBase extends Base {
  readonly before: readonly Base[];
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
  readonly bases: readonly WholeBase[];
  readonly broken: readonly BrokenBase[];
}

/** Lock of whoever writes or removes bases, and log with them. */
export const baseLock = (target: string): string => `${target}.base`;

/** Commits a base whose file is stored. */
export const writeBaseManifest = async (
  app: App,
  store: Store,
  { key, manifest }: Pick<Base, 'key' | 'manifest'>,
) => {
  const text = await encodeBaseManifest(manifest, app.keys);
  await store.put(baseManifestKey(key), oneChunk(text), { replace: false });
};

/** The instant of the data, not of the work: all that asks how old a base is asks for that. */
const instantOf = (making: Making) =>
  making.kind === 'rolled' && { startedAt: making.at.toISOString(), finishedAt: making.at.toISOString() };

/** Streams a base into the primary store, and commits it: nothing is committed unless every byte was found whole. */
export const writeBase = async (
  app: App,
  target: Target,
  dump: BaseDump,
  making: Making = { kind: 'base' },
): Promise<Base> => {
  const store = app.stores.primary;
  const content = {
    server: dump.server,
    entries: dump.entries,
    keyAt: (time: Date, form: Parameters<typeof baseKey>[2]) => baseKey(target.name, time, form),
  };
  const { key, manifest: file } = await writeFile(app, target, content);
  const manifest: BaseManifest = {
    ...file,
    ...instantOf(making),
    base: describeBase(await dump.facts(), making),
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

interface LinkedBase extends Link {
  readonly base: Base;
}

const linkOf = (base: Base): LinkedBase => ({
  id: base.manifest.id,
  incrementOf: base.manifest.base.incrementOf,
  base,
});

/** A base with what it is made of in its store: what an increment goes on from is copied as it is. */
const wholeOr = (base: Base, all: readonly Base[]): WholeBase | BrokenBase => {
  const chain = chainOf(linkOf(base), byId(all.map(linkOf)));
  if (chain) return { ...base, before: chain.slice(0, -1).map((link) => link.base) };
  const { store, key } = base;
  const message = `base ${key} is an increment, and a base that it goes on from is not in ${store.location}`;
  return { store, key, error: new BackupError('archive.unknown', message) };
};

const isBroken = (base: Base | BrokenBase): base is BrokenBase => 'error' in base;

/** All bases of a target in a store: those that count, and what was set aside. @throws BackupError `store.*` */
export const readBases = async (app: App, store: Store, name: string): Promise<Bases> => {
  const target = findTarget(app.plan, name);
  const manifests = (await listed(store, baseFolder(name))).filter(({ key }) => isManifest(key));
  const tried = await readAll(manifests, ({ key }) => tryBase(app, store, target, archiveOf(key)));
  const found = tried.filter((each) => each !== undefined);
  const authentic = found.filter((each): each is Base => !isBroken(each));
  const whole = authentic.map((base) => wholeOr(base, authentic));
  return {
    bases: whole
      .filter((each): each is WholeBase => !isBroken(each))
      .toSorted((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? -1 : 1)),
    broken: [...found, ...whole].filter(isBroken),
  };
};

/** Bases of every store, newest first; a copy counts once. @throws BackupError `store.*` */
export const allBases = async (app: App, name: string): Promise<readonly WholeBase[]> => {
  const known = new Map<string, WholeBase>();
  for (const store of allStores(app)) {
    const { bases, broken } = await readBases(app, store, name);
    for (const { key, error } of broken)
      app.run.log.warn({ archive: key, store: store.location, problem: error.message }, 'set aside');
    for (const base of bases) if (!known.has(base.manifest.id)) known.set(base.manifest.id, base);
  }
  return [...known.values()].toSorted((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? 1 : -1));
};

/** Of several bases that are read for one, the damaged one has to be known. */
async function* named<T>(key: string, source: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    if (!isBackupError(error) || !error.code.startsWith('archive.') || error.message.includes(key))
      throw error;
    throw new BackupError(error.code, `base ${key}: ${error.message}`, { cause: error });
  }
}

/** Entries of a base, nothing of a segment released before it is authenticated. @throws BackupError that names the base */
export async function* baseEntries(app: App, base: Base, label: string): AsyncGenerator<DumpEntry> {
  for await (const { name, content } of named(base.key, readEntries(app, base, label)))
    yield { name, content: named(base.key, content) };
}

const isSame = (a: InspectedBase, b: InspectedBase): boolean =>
  a.timeline === b.timeline && a.redo === b.redo && a.end === b.end && a.since === b.since;

/** What a base has to say of itself. */
const expectedOf = ({ manifest, before }: WholeBase): InspectedBase => {
  const last = before.at(-1);
  return { ...factsOf(manifest), ...(last && { since: factsOf(last.manifest).redo }) };
};

/**
 * `quick`: the file is there and has its size. `deep`: every byte, as pg_verifybackup looks at a base, and that its manifest says
 * of it what it says itself. An increment's own file alone.
 * @throws BackupError `archive.*`
 */
export const verifyBase = async (app: App, base: WholeBase, level: 'quick' | 'deep'): Promise<void> => {
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
  if (!isSame(found, expectedOf(base)))
    throw new BackupError('archive.damaged', `the manifest of ${key} names another log than the base itself`);
};
