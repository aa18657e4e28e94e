import { BackupError } from '../core/errors.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Store } from '../store/store.ts';
import { authenticate, readCatalog, type Archive, type Catalog } from './catalogue.ts';
import { folderOf, rekeyedName } from './layout.ts';
import type { Manifest } from './manifest.ts';

/** Where a file comes from. */
type Origins = Pick<Manifest, 'target' | 'environment' | 'engine'>;

/** What a manifest must say, and prove, for its archive to count. */
export interface Expected extends Origins {
  readonly keys: KeyRing | undefined;
  /** Now; what started later than clocks differ is set aside. Absent where a person named the archive. */
  readonly now?: Date | undefined;
}

/** An archive whose manifest was authenticated, and found to be of the target that was asked for. */
export interface Believed extends Archive {
  readonly manifest: Manifest;
}

/** How far clocks of nodes may differ before a time is of the future. @default 5 min - the life of a lock is two */
const clockSkewMs = 300_000;

/** True for a time beyond what clocks may differ. */
export const isOfFuture = (time: string, now: Date): boolean =>
  Date.parse(time) - now.getTime() > clockSkewMs;

/** Why an archive does not count that says it is of the future; undefined where it does not. */
export const futureProblem = (key: string, startedAt: string, now: Date): BackupError | undefined =>
  isOfFuture(startedAt, now)
    ? new BackupError('archive.future', `archive ${key} is dated ${startedAt}, in the future`)
    : undefined;

const foreign = (name: string, why: string): BackupError =>
  new BackupError('archive.foreign', `${name} ${why}`);

/** What a manifest says against being of the target that was asked for. @param name of the file, for people: `archive <key>` */
export const originProblem = (
  name: string,
  { target, environment, engine }: Origins,
  expected: Origins,
): BackupError | undefined => {
  if (target !== expected.target)
    return foreign(name, `belongs to target ${target}, expected ${expected.target}`);
  if (environment !== expected.environment)
    return foreign(name, `belongs to environment ${environment}, expected ${expected.environment}`);
  if (engine !== expected.engine)
    return foreign(name, `holds ${engine} data, target ${expected.target} is ${expected.engine}`);
  return undefined;
};

/** What the manifest says of itself, which costs nothing to compare; proved afterwards. */
const contradiction = ({ key, signed }: Archive, expected: Expected): BackupError | undefined => {
  const { archive, target, tier, startedAt } = signed.manifest;
  const found = originProblem(`archive ${key}`, signed.manifest, expected);
  if (found) return found;
  if (key === `${folderOf(target, tier)}/${archive}`)
    return expected.now && futureProblem(key, startedAt, expected.now);
  // under another name it is another archive's manifest, which authentication reports
  return key.endsWith(`/${archive}`)
    ? foreign(`archive ${key}`, `has tier ${tier}, which does not belong in this folder`)
    : undefined;
};

/**
 * Believes the manifest of an archive: authentic, and of the very target, environment, engine, place and name.
 * @throws BackupError `archive.foreign`, `archive.future`, and as `authenticateManifest`
 */
export const believe = async (archive: Archive, expected: Expected): Promise<Believed> => {
  const found = contradiction(archive, expected);
  if (found) throw found;
  return { ...archive, manifest: await authenticate(archive, expected.keys) };
};

/** The archives of a target in a store: only what is believed takes part in decisions. */
export const readBelieved = (store: Store, expected: Expected): Promise<Catalog<Believed>> =>
  readCatalog(store, expected.target, (archive) => believe(archive, expected));

/** An archive, and the backup that it holds. */
export interface Identified {
  readonly key: string;
  readonly manifest: Pick<Manifest, 'id'>;
}

/** True for an archive under an old key that `rekey` could not remove: the same backup is there under the first key. */
export const isRewritten = (
  { key, manifest }: Identified,
  all: readonly Identified[],
  keys: KeyRing | undefined,
): boolean => {
  const to = keys && rekeyedName(key, keys[0].id);
  if (to === key) return false;
  return all.some((other) => other.key === to && other.manifest.id === manifest.id);
};
