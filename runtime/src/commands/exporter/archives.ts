import { authenticate, readArchive } from '../../catalog/catalog.ts';
import { archiveOf, isManifest, tiers } from '../../catalog/layout.ts';
import type { Manifest } from '../../catalog/manifest.ts';
import { readOnce } from '../../catalog/read-once.ts';
import { isBackupError, type BackupError } from '../../core/errors.ts';
import type { StoredObject } from '../../store/store.ts';
import type { App } from '../app.ts';

/** A manifest without what grows with the archive: segments are 32 bytes for each 8 MiB. */
export type Facts = Omit<Manifest, 'seal' | 'entries'>;

export interface KnownArchive {
  readonly key: string;
  readonly facts: Facts;
}

/** The archives of a target in the primary store. */
export interface KnownArchives {
  /** Oldest first, without those that count in one of the numbers below. */
  readonly archives: readonly KnownArchive[];
  /** Archives that no key of the plan opens. */
  readonly withoutKey: number;
  /** Archives whose manifest cannot be read or believed. */
  readonly broken: number;
}

interface Candidate extends KnownArchive {
  /** Why the manifest is not to be believed; derives keys on the first call only. */
  readonly doubt: () => Promise<BackupError | undefined>;
}

const memoized = <T>(compute: () => Promise<T>): (() => Promise<T>) => {
  let value: Promise<T> | undefined;
  return () => (value ??= compute());
};

const backupErrorOf = (error: unknown): BackupError => {
  if (isBackupError(error)) return error;
  throw error;
};

/** Undefined where it was removed since it was listed. */
const read = async (app: App, key: string): Promise<Candidate | BackupError | undefined> => {
  try {
    const archive = await readArchive(app.stores.primary, key);
    const { seal: _seal, entries: _entries, ...facts } = archive.signed.manifest;
    const doubt = memoized(async () =>
      authenticate(await readArchive(app.stores.primary, key), app.keys).then(() => undefined, backupErrorOf),
    );
    return { key, facts, doubt };
  } catch (error) {
    if (isBackupError(error, 'archive.unknown')) return undefined;
    if (isBackupError(error, 'manifest.damaged')) return error;
    throw error;
  }
};

/** By time; the daily archive after the copies made of it, so that it is the newest. */
const byAge = ({ facts: a }: KnownArchive, { facts: b }: KnownArchive): number => {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return tiers.indexOf(b.tier) - tiers.indexOf(a.tier);
};

const hasKey = ({ keys }: App, { facts }: KnownArchive): boolean =>
  !facts.encryption || Boolean(keys?.some(({ id }) => id === facts.encryption!.keyId));

/**
 * Authenticating a manifest costs a key derivation of tens of milliseconds, so only two kinds are: the newest, by which
 * all is judged, until one can be believed, and those of a key that the plan does not name.
 */
const doubts = async (app: App, candidates: readonly Candidate[]): Promise<readonly Candidate[]> => {
  const doubtful = candidates.filter((candidate) => !hasKey(app, candidate));
  for (const candidate of candidates.toReversed()) {
    if (candidate.facts.tier === 'safety' || doubtful.includes(candidate)) continue;
    if (!(await candidate.doubt())) break;
    doubtful.push(candidate);
  }
  return doubtful;
};

/** Reads the archives of a target from the primary store; each manifest once, as long as it does not change. */
export const archiveReader = (app: App) => {
  const remembered = readOnce((key) => read(app, archiveOf(key)));
  return async (target: string, objects: readonly StoredObject[]): Promise<KnownArchives> => {
    const manifests = objects.filter(({ key }) => isManifest(key));
    const found = [...(await remembered(target, manifests)).values()].filter((value) => value !== undefined);
    const candidates = found.filter((value) => 'facts' in value).toSorted(byAge);
    const errors = new Map<Candidate, BackupError>();
    for (const candidate of await doubts(app, candidates)) {
      const error = await candidate.doubt();
      if (error) errors.set(candidate, error);
    }
    const withoutKey = [...errors.values()].filter(({ code }) => code === 'key.wrong').length;
    return {
      archives: candidates.filter((candidate) => !errors.has(candidate)),
      withoutKey,
      broken: found.length - candidates.length + errors.size - withoutKey,
    };
  };
};
