import { believe, type Believed } from '../../archives/authentic.ts';
import { isOfObject, readArchive } from '../../archives/catalogue.ts';
import { archiveOf, isArchive, isManifest, manifestKey } from '../../archives/layout.ts';
import { decideRetention } from '../../retention/decision.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { retentionOf } from '../../plan/parse.ts';
import type { ObjectVersion, Store, Versions } from '../../store/store.ts';
import { findTarget } from '../../session/app.ts';
import { expectedOf } from '../../archives/of-target.ts';
import type { Found, Place } from './finding.ts';
import { candidateOf } from '../../retention/application.ts';
import { openBytes } from '../../archives/read.ts';
import { mustExist } from '../../core/must-exist.ts';

/** Versions by key, newest first. */
type History = ReadonlyMap<string, readonly ObjectVersion[]>;

/** An archive that was deleted or written over, and of which older versions are there. */
interface Hidden {
  readonly archive: Believed;
  /** Version of the manifest that is to come back; undefined where the current one is believed. */
  readonly manifest: ObjectVersion | undefined;
  /** Versions of the file that are as long as the manifest says, newest first. */
  readonly files: readonly ObjectVersion[];
  /** What hid it. */
  readonly by: ObjectVersion;
}

/** Versions of one object that are looked at: whoever writes over it again and again must not hide it by that. */
const mostTried = 20;

const mostVersions = 250_000;

/** Asked only of stores that keep versions. */
const versionsOf = ({ versions, location }: Store): Versions =>
  mustExist(versions, `versions in ${location}`);

const historyOf = async (store: Store, target: string): Promise<History> => {
  const history = new Map<string, ObjectVersion[]>();
  let count = 0;
  for await (const version of versionsOf(store).list(`${target}/`)) {
    if (!isArchive(version.key) && !isManifest(version.key)) continue;
    if (++count > mostVersions)
      throw new BackupError(
        'store.failed',
        `${store.location} has more than ${mostVersions} versions of ${target}`,
      );
    history.set(version.key, [...(history.get(version.key) ?? []), version]);
  }
  return history;
};

/** The store as it was when that version was the current one. */
const asItWas = (store: Store, version: ObjectVersion): Store => ({
  ...store,
  get: () => versionsOf(store).get(version),
});

const stored = (history: History, key: string): readonly ObjectVersion[] =>
  (history.get(key) ?? []).filter(({ isDeletion }) => !isDeletion).slice(0, mostTried);

/** The newest version of a manifest that is believed. */
const manifestOf = async (
  { app, target, here }: Place,
  history: History,
  key: string,
): Promise<readonly [Believed, ObjectVersion] | undefined> => {
  for (const version of stored(history, manifestKey(key))) {
    try {
      const archive = await readArchive(asItWas(here.store, version), key);
      return [await believe(archive, expectedOf(app, target)), version];
    } catch (error) {
      if (!isOfObject(error)) throw error;
    }
  }
  return undefined;
};

/** Reads all of a version: true if every segment is authentic. */
const proves = async ({ app, here }: Place, archive: Believed, file: ObjectVersion): Promise<boolean> => {
  const past = { ...archive, store: asItWas(here.store, file) };
  try {
    for await (const _ of openBytes(app, past, `prove ${archive.key}`));
    return true;
  } catch (error) {
    if (!isOfObject(error)) throw error;
    return false;
  }
};

/** Undefined where the archive is as it was, or nothing of it is left. */
const hiddenOf = async (place: Place, history: History, key: string): Promise<Hidden | undefined> => {
  const current = place.here.archives.find((archive) => archive.key === key);
  const past = current ? undefined : await manifestOf(place, history, key);
  const archive = current ?? past?.[0];
  if (!archive) return undefined;
  const { archiveBytes } = archive.manifest;
  const files = stored(history, key).filter(({ bytes }) => bytes === archiveBytes);
  const [newest] = files;
  if (!newest) return undefined;
  const isSame = files.every(({ etag }) => etag === newest.etag);
  const isWhole = newest.isCurrent && (isSame || (await proves(place, archive, newest)));
  const by = isWhole ? history.get(manifestKey(key))?.[0] : history.get(key)?.[0];
  if ((isWhole && current) || !by) return undefined;
  return { archive, manifest: past?.[1], files: isWhole ? [newest] : files, by };
};

const bringBack =
  (place: Place, { archive, manifest, files }: Hidden) =>
  async (): Promise<string> => {
    const versions = versionsOf(place.here.store);
    for (const file of files) {
      if (!(await proves(place, archive, file))) continue;
      if (!file.isCurrent) await versions.bringBack(file);
      if (manifest) await versions.bringBack(manifest);
      return `brought back the version of ${file.modified.toISOString()}`;
    }
    throw new BackupError('archive.damaged', `no version of ${archive.key} is authentic`);
  };

/** Those that retention would keep: what it removed is hidden in the same way, and stays so. */
const keptOf = ({ app, target, here }: Place, hidden: readonly Hidden[]): readonly Hidden[] => {
  const ids = new Set(here.archives.map(({ manifest }) => `${manifest.id} ${manifest.tier}`));
  const known = new Set(hidden.map(({ archive }) => archive.key));
  const all = [
    ...here.archives.filter(({ key }) => !known.has(key)),
    ...hidden.map(({ archive }) => archive),
  ];
  const policy = retentionOf(app.plan, findTarget(app.plan, target));
  const decisions = decideRetention(all.map(candidateOf), policy, app.run.now(), { force: true });
  const keeps = new Set(decisions.filter(({ keep }) => keep).map(({ key }) => key));
  // under another name after `rekey`: it is there
  const moved = ({ archive: { key, manifest } }: Hidden) =>
    ids.has(`${manifest.id} ${manifest.tier}`) && !here.archives.some((each) => each.key === key);
  return hidden.filter((each) => keeps.has(each.archive.key) && !moved(each));
};

const finding = (place: Place, hidden: Hidden): Found => {
  const { archive, by } = hidden;
  const how = by.isDeletion ? 'deleted' : 'written over';
  const remedy = place.undelete ? '' : ': check --repair --undelete brings it back';
  return {
    kind: 'archive-hidden',
    key: archive.key,
    message: `${how} at ${by.modified.toISOString()}, and its old version is still there${remedy}`,
    severity: 'problem',
    repair: place.undelete ? bringBack(place, hidden) : undefined,
  };
};

/** Archives of a versioned bucket that somebody deleted or wrote over, though retention would keep them. */
export const hiddenArchives = async (place: Place): Promise<readonly Found[]> => {
  const { store } = place.here;
  if (!store.versions) return [];
  try {
    if (!(await store.versions.areKept())) return [];
    const history = await historyOf(store, place.target);
    const keys = new Set([...history.keys()].map((key) => (isManifest(key) ? archiveOf(key) : key)));
    const hidden: Hidden[] = [];
    for (const key of keys) {
      const found = await hiddenOf(place, history, key);
      if (found) hidden.push(found);
    }
    return keptOf(place, hidden).map((each) => finding(place, each));
  } catch (error) {
    if (!isBackupError(error, 'store.refused')) throw error;
    return []; // `versionFindings` tells of the right that is missing
  }
};
