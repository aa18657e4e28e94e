import {
  authenticate,
  readCatalog,
  writeManifest,
  type Archive,
  type BrokenArchive,
} from '../catalog/catalog.ts';
import type { Manifest, Verification } from '../catalog/manifest.ts';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../core/errors.ts';
import { engines } from '../engines/registry.ts';
import type { Store } from '../store/store.ts';
import { findTarget, type App } from './app.ts';
import { findArchive, readEntries } from './read-archive.ts';

export type VerifyLevel = 'quick' | 'deep';

/** Outcome for one archive in one store. */
export interface Verified {
  readonly target: string;
  readonly store: string;
  readonly archive: string;
  readonly tier: string;
  readonly level: VerifyLevel;
  readonly startedAt?: string;
  readonly archiveBytes?: number;
  readonly seconds: number;
  readonly ok: boolean;
  readonly problem?: { readonly code: FailureCode | 'unexpected'; readonly message: string };
}

/** Verification entries that a manifest keeps. @default 20 - three weeks of daily runs */
const historyLength = 20;

const checkSize = async ({ store, key }: Archive, manifest: Manifest): Promise<void> => {
  const found = await store.head(key);
  if (!found) throw new BackupError('archive.truncated', `archive ${key} is gone, only its manifest is left`);
  if (found.bytes < manifest.archiveBytes)
    throw new BackupError(
      'archive.truncated',
      `archive has ${found.bytes} of ${manifest.archiveBytes} bytes`,
    );
  if (found.bytes > manifest.archiveBytes)
    throw new BackupError(
      'archive.damaged',
      `archive has ${found.bytes} bytes, ${manifest.archiveBytes} were written`,
    );
};

/** Reads every byte: authenticity, encryption, compression, tar, and the engine's own format. */
export const readThrough = async (app: App, archive: Archive, manifest: Manifest): Promise<void> => {
  const engine = engines[manifest.engine];
  if (!engine)
    throw new BackupError(
      'source.unsupported',
      `archive was made by engine ${manifest.engine}, which this program lacks`,
    );
  await engine.inspect(app.run, readEntries(app, archive, manifest, `verify ${manifest.target}`));
};

const remember = async (
  app: App,
  archive: Archive,
  manifest: Manifest,
  entry: Verification,
): Promise<void> => {
  const verifications = [...manifest.verifications, entry].slice(-historyLength);
  await writeManifest(archive.store, archive.key, { ...manifest, verifications }, app.keys, {
    replace: true,
  });
};

const inspectArchive = async (app: App, archive: Archive, level: VerifyLevel): Promise<void> => {
  const manifest = await authenticate(archive, app.keys);
  const at = app.run.now().toISOString();
  try {
    await checkSize(archive, manifest);
    if (level === 'quick') return;
    await readThrough(app, archive, manifest);
  } catch (error) {
    if (isBackupError(error) && error.exitCode === 6)
      await remember(app, archive, manifest, { at, level: 'deep', ok: false, problem: error.code });
    throw error;
  }
  await remember(app, archive, manifest, { at, level: 'deep', ok: true });
};

const problemOf = (error: unknown): Verified['problem'] => ({
  code: isBackupError(error) ? error.code : 'unexpected',
  message: messageOf(error),
});

const verifyArchive = async (app: App, archive: Archive, level: VerifyLevel): Promise<Verified> => {
  const { manifest } = archive.signed;
  const begun = app.run.now().getTime();
  const problem = await inspectArchive(app, archive, level).then(
    () => undefined,
    (error: unknown) => {
      app.run.signal.throwIfAborted();
      return problemOf(error);
    },
  );
  return {
    target: manifest.target,
    store: archive.store.location,
    archive: archive.key,
    tier: manifest.tier,
    level,
    startedAt: manifest.startedAt,
    archiveBytes: manifest.archiveBytes,
    seconds: (app.run.now().getTime() - begun) / 1000,
    ok: problem === undefined,
    ...(problem && { problem }),
  };
};

const unreadable = (target: string, { store, key, error }: BrokenArchive): Verified => ({
  target,
  store: store.location,
  archive: key,
  tier: 'unknown',
  level: 'quick',
  seconds: 0,
  ok: false,
  problem: problemOf(error),
});

const nothingThere = (target: string, store: Store): Verified => ({
  target,
  store: store.location,
  archive: '',
  tier: 'none',
  level: 'quick',
  seconds: 0,
  ok: false,
  problem: { code: 'archive.unknown', message: `no archive of ${target} in ${store.location}` },
});

const verifyStore = async (
  app: App,
  target: string,
  store: Store,
  level: VerifyLevel,
  all: boolean,
): Promise<readonly Verified[]> => {
  const { archives, broken } = await readCatalog(store, target);
  const newest = archives.findLast(({ signed }) => signed.manifest.tier !== 'safety');
  if (!newest && broken.length === 0) return [nothingThere(target, store)];
  const results = broken.map((entry) => unreadable(target, entry));
  for (const archive of archives)
    results.push(await verifyArchive(app, archive, all || archive === newest ? level : 'quick'));
  return results;
};

/** What to verify. */
export interface VerifyRequest {
  readonly level: VerifyLevel;
  /** @default every target */
  readonly target?: string | undefined;
  /** One archive. @default all of the target, the newest at `level`, the others quickly */
  readonly archive?: string | undefined;
  /** Every archive at `level`. */
  readonly all: boolean;
}

/** Verifies archives in every store and tells the outcome of each; never throws for a bad archive. */
export const verify = async (app: App, request: VerifyRequest): Promise<readonly Verified[]> => {
  const { level, target, archive, all } = request;
  if (target) findTarget(app.plan, target);
  if (target && archive) return [await verifyArchive(app, await findArchive(app, target, archive), level)];
  const results: Verified[] = [];
  for (const { name } of app.plan.targets.filter((candidate) => !target || candidate.name === target))
    for (const store of [app.stores.primary, ...app.stores.replicas])
      results.push(...(await verifyStore(app, name, store, level, all)));
  return results;
};
