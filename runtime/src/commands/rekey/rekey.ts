import type { Believed } from '../../archives/authentic.ts';
import { isOfObject, writeManifest, type BrokenArchive } from '../../archives/catalogue.ts';
import { latestAliases } from '../../archives/latest.ts';
import { fileName, manifestKey, rekeyedName } from '../../archives/layout.ts';
import { keyFor } from '../../archives/manifest.ts';
import { BackupError } from '../../core/errors.ts';
import { newArchiveKeys } from '../../crypto/archive-keys.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { startSealing } from '../../crypto/seal.ts';
import type { Target } from '../../plan/schema.ts';
import type { Store } from '../../store/store.ts';
import { allStores, findTarget, type App } from '../../session/app.ts';
import { archiveReader, type ArchiveReader } from '../../archives/known.ts';
import { believedAt, catalogOf } from '../../archives/of-target.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { openBytes } from '../../archives/read.ts';
import { lockedBy, removeArchive } from '../../archives/remove.ts';
import type { Rekeyed } from './result.ts';
import { partResealer, resealParts, type ResealPart } from './reseal-parts.ts';
import { rekeySummary } from './summary.ts';
import { keepIndexes } from '../../health/keep-index.ts';

const reseal = async (
  app: App,
  keys: KeyRing,
  archive: Believed,
  to: string,
  resealPart: ResealPart,
): Promise<void> => {
  const { store, manifest } = archive;
  const parts = await resealParts(archive, resealPart);
  const { keys: fresh, parameters } = await newArchiveKeys(keys[0], app.run.randomBytes);
  const plain = openBytes(app, archive, `rekey ${manifest.target}`);
  const sealing = startSealing(plain, manifest.id, fresh);
  const replace = !(await store.head(manifestKey(to))); // left by a run that died before its manifest
  const archiveBytes = await store.put(to, sealing.bytes, { replace, signal: app.run.signal });
  const resealed = {
    ...manifest,
    ...parts,
    archive: fileName(to),
    archiveBytes,
    encryption: parameters,
    seal: sealing.seal(),
  };
  await writeManifest(store, to, resealed, keys, { replace: false });
};

/** The tiers of one backup share their bytes: the second is a copy of the first. */
const copyTwin = async (app: App, twin: Believed, { manifest }: Believed, to: string): Promise<void> => {
  await twin.store.copy(twin.key, to);
  await writeManifest(
    twin.store,
    to,
    { ...twin.manifest, archive: fileName(to), tier: manifest.tier, verifications: manifest.verifications },
    app.keys,
    { replace: false },
  );
};

const repoint = async (store: Store, target: string, from: string, to: string): Promise<void> => {
  for (const [alias, key] of await latestAliases(store, target))
    if (key === from) await store.point(alias, to);
};

/**
 * Commits the new archive before it removes the old one, whose manifest goes first: at every instant one of them counts.
 * @returns why the old one is still there, if it is
 */
const move = async (
  app: App,
  keys: KeyRing,
  target: Target,
  archive: Believed,
  to: string,
  known: ArchiveReader,
  resealPart: ResealPart,
): Promise<string | undefined> => {
  const { store, key, manifest } = archive;
  const { archives } = await known.read(target.name, app.run.now());
  if (!archives.some((other) => other.key === to)) {
    const current = keys[0].id;
    const twin = archives.find(
      (other) => other.manifest.id === manifest.id && other.manifest.encryption?.keyId === current,
    );
    const isFree = !(await store.head(to)); // else left by a run that died before its manifest
    await (twin && isFree
      ? copyTwin(app, await believedAt(app, store, target.name, twin.key), archive, to)
      : reseal(app, keys, archive, to, resealPart));
  }
  await repoint(store, target.name, key, to);
  return removeArchive(app, store, key);
};

const keptAs = (kept: string | undefined): Pick<Rekeyed, 'kept'> => (kept ? { kept } : {});

/** One archive that is damaged or gone must not keep the others under an old key. */
const failedAs = ({ run }: App, error: unknown): Pick<Rekeyed, 'failed'> => {
  if (run.signal.aborted || !isOfObject(error)) throw error;
  return { failed: error.message };
};

/** An archive that no key opens keeps a rekey from being complete; what is none of the target's does not. */
const asideOf = (
  { run }: App,
  keys: KeyRing,
  target: Target,
  { store, key, error }: BrokenArchive,
): readonly Rekeyed[] => {
  run.log.warn({ archive: key, store: store.location, problem: error.message }, 'not rewritten');
  if (error.code !== 'key.wrong') return [];
  const place = { target: target.name, store: store.location, from: key, to: key };
  return [{ ...place, oldKeyId: 'unknown', newKeyId: keys[0].id, failed: error.message }];
};

const rekeyStore = async (
  app: App,
  keys: KeyRing,
  target: Target,
  store: Store,
  dryRun: boolean,
): Promise<readonly Rekeyed[]> => {
  const { archives, broken } = await catalogOf(app, store, target.name);
  const known = archiveReader(app, store);
  const resealPart = partResealer(app, keys, store);
  const moved: Rekeyed[] = broken.flatMap((each) => asideOf(app, keys, target, each));
  for (const archive of archives) {
    const key = await keyFor(archive.manifest, keys);
    if (!key || key === keys[0]) continue;
    const to = rekeyedName(archive.key, keys[0].id);
    const outcome = await (dryRun
      ? lockedBy(app, store, archive.key).then(keptAs)
      : move(app, keys, target, archive, to, known, resealPart).then(keptAs, (error: unknown) =>
          failedAs(app, error),
        ));
    moved.push({
      target: target.name,
      store: store.location,
      from: archive.key,
      to,
      oldKeyId: key.id,
      newKeyId: keys[0].id,
      ...outcome,
    });
  }
  return moved;
};

const rekeyAll = async (
  app: App,
  keys: KeyRing,
  target: Target,
  dryRun: boolean,
): Promise<readonly Rekeyed[]> => {
  const moved: Rekeyed[] = [];
  for (const store of allStores(app)) moved.push(...(await rekeyStore(app, keys, target, store, dryRun)));
  return moved;
};

/**
 * Rewrites a target's archives that an old key made under the plan's first key, in every store. Content, times and
 * history stay. After it, the old key can go from the plan, unless Object Lock keeps archives under it.
 * @throws BackupError `usage.invalid` where the plan stores in the clear
 */
export const rekey = async (
  app: App,
  name: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<readonly Rekeyed[]> => {
  const target = findTarget(app.plan, name);
  const { keys } = app;
  if (!keys)
    throw new BackupError('usage.invalid', 'the plan does not encrypt, so there is no key to change');
  if (dryRun) return rekeyAll(app, keys, target, dryRun);
  return recorded(
    app,
    { command: 'rekey', target: name, lock: true, summarise: rekeySummary, keepIndexes },
    (inner) => rekeyAll(inner, keys, target, dryRun),
  );
};

/** Rekeys one target, or every target of the plan. @throws as `rekey` */
export const rekeyTargets = async (
  app: App,
  name: string | undefined,
  options: { readonly dryRun: boolean },
): Promise<readonly Rekeyed[]> => {
  const targets = name ? [name] : app.plan.targets.map((target) => target.name);
  const moved: Rekeyed[] = [];
  for (const target of targets) moved.push(...(await rekey(app, target, options)));
  return moved;
};
