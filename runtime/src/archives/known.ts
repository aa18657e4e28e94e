import { hash } from 'node:crypto';
import { checkOf } from '../crypto/signature.ts';
import type { App } from '../session/app.ts';
import { readOnce, type Known, type Memory } from '../store/read-once.ts';
import type { Store, StoredObject } from '../store/store.ts';
import { believe, futureProblem, type Expected } from './authentic.ts';
import { apart, isBroken, objectsOf, readEntry, type BrokenArchive } from './catalogue.ts';
import {
  emptyIndex,
  readIndex,
  type CatalogueIndex,
  type Decisive,
  type Rows,
  type Section,
} from './catalogue-index.ts';
import { factsOf, historyOf, newestDaily, newestOf, oldestFirst, type ManifestFacts } from './facts.ts';
import { archiveOf, isManifest, manifestKey } from './layout.ts';
import { keyFor } from './manifest.ts';
import { expectedOf, type Origin } from './of-target.ts';

/** An archive that counts. */
export interface KnownArchive {
  readonly key: string;
  readonly manifest: ManifestFacts;
}

/** What a store holds of a target. */
export interface KnownArchives {
  /** Every object of the target but its index; of other objects than manifests perhaps only the name. */
  readonly objects: readonly StoredObject[];
  /** Those that count, oldest first. */
  readonly archives: readonly KnownArchive[];
  /** Those that do not, and why. */
  readonly setAside: readonly BrokenArchive[];
}

/** What is known of a manifest. */
interface Entry {
  /** Undefined where it was removed since it was listed. Whether it is of the future is for each reading to say. */
  readonly found: KnownArchive | BrokenArchive | undefined;
  /** Check of the key that authenticated it; absent in the clear. */
  readonly by?: string | undefined;
  /** False where an index says so. */
  readonly isRead: boolean;
  /** False where its fingerprint was left out. */
  readonly isWhole: boolean;
}

const read = async (store: Store, object: StoredObject, expected: Expected): Promise<Entry> => {
  const accept = (archive: Parameters<typeof believe>[0]) =>
    believe(archive, { ...expected, now: undefined });
  const found = await readEntry(store, object, accept);
  if (!found || isBroken(found)) return { found, isRead: true, isWhole: true };
  const { key, manifest } = found;
  const by = await checkOf(await keyFor(manifest, expected.keys));
  return { found: { key, manifest: factsOf(manifest) }, by, isRead: true, isWhole: true };
};

/** False for what a store refused, or was not there: the next reading may find it. */
const isFinal = ({ found }: Entry): boolean =>
  found !== undefined && !(isBroken(found) && found.error.code.startsWith('store.'));

const judged = (store: Store, now: Date, { found }: Entry): Entry['found'] => {
  if (!found || isBroken(found)) return found;
  const error = futureProblem(found.key, found.manifest.startedAt, now);
  return error ? { store, key: found.key, error } : found;
};

type Indexed = Omit<ManifestFacts, 'fingerprint'> & Partial<Pick<ManifestFacts, 'fingerprint'>>;

const fromRows = ({ archives }: Rows): Memory<Entry> =>
  new Map(
    [...archives].map(
      ([
        key,
        {
          bytes,
          tag,
          value: { by, value },
        },
      ]) => {
        const { fingerprint, ...rest } = value as Indexed;
        const found = { key: archiveOf(key), manifest: { ...rest, fingerprint: fingerprint ?? {} } };
        return [key, { bytes, tag, value: { found, by, isRead: false, isWhole: fingerprint !== undefined } }];
      },
    ),
  );

/** The index is asked for only where a target was not read before. @default that of the store */
export type OpenIndex = () => Promise<CatalogueIndex>;

/** The index of a target, read once, and only when it is asked for. */
export const indexOnce = (app: App, store: Store, target: string, origin: Origin = {}): OpenIndex => {
  let index: Promise<CatalogueIndex> | undefined;
  return () => (index ??= readIndex(app, store, expectedOf(app, target, origin)));
};

/** The objects of a target, none of which was read. */
export type Listing = Awaited<ReturnType<typeof objectsOf>>;

export interface ArchiveReader {
  readonly list: (target: string) => Promise<Listing>;
  /** As `read`, of what was listed. */
  readonly readListed: (
    target: string,
    listing: Listing,
    now: Date,
    index?: OpenIndex,
  ) => Promise<KnownArchives>;
  /** The archives of a target that count at some time, and those that do not. */
  readonly read: (target: string, now: Date, index?: OpenIndex) => Promise<KnownArchives>;
  /** True where archives of a listing still count, and say what they said: each is read and authenticated. */
  readonly confirm: (
    target: string,
    listing: Listing,
    now: Date,
    said: readonly Decisive[],
  ) => Promise<boolean>;
  /** What the last reading of a target found, for its index. */
  readonly section: (target: string) => Section;
}

/** Archives whose manifests must have been read: an index alone does not say what is newest. @param archives oldest first */
const decisive = (archives: readonly KnownArchive[]): ReadonlySet<KnownArchive> =>
  new Set([newestOf(archives), newestDaily(archives)].filter((each) => each !== undefined));

const digestOf = (manifest: ManifestFacts): string => hash('sha256', JSON.stringify(manifest));

/** The archives that decide what is newest, and what their manifests say. */
export const decisiveOf = ({ archives }: KnownArchives): readonly Decisive[] =>
  [...decisive(archives)].map(({ key, manifest }) => ({ key, digest: digestOf(manifest) }));

/** What must have been read, and what must have been read whole, as the newest is compared with it. */
const needed = (archives: readonly KnownArchive[]) => {
  const newest = decisive(archives);
  const compared = new Set(historyOf(archives.map(({ manifest }) => manifest)));
  const whole = new Set([...newest, ...archives.filter(({ manifest }) => compared.has(manifest))]);
  return { newest, whole };
};

const oldest = (archives: readonly KnownArchive[]): readonly KnownArchive[] =>
  archives.toSorted((a, b) => oldestFirst(a.manifest, b.manifest));

/** Leaves out what nothing is compared with, for the memory that it takes. */
const slim = (known: Map<string, Known<Entry>>, whole: ReadonlySet<KnownArchive>): void => {
  for (const [key, { value, ...object }] of known) {
    const { found } = value;
    if (!found || isBroken(found) || whole.has(found) || !value.isWhole) continue;
    const manifest = { ...found.manifest, fingerprint: {} };
    known.set(key, { ...object, value: { ...value, found: { ...found, manifest }, isWhole: false } });
  }
};

export interface ReaderOptions extends Origin {
  /** True where the sizes of all objects are needed, not only of manifests. @default false */
  readonly sizes?: boolean;
}

/**
 * Reads the archives of targets from a store; each manifest once, as long as it does not change, and not at all where the
 * index of the target knows it. The newest is always read and authenticated.
 */
export const archiveReader = (
  app: App,
  store: Store,
  { sizes = false, ...origin }: ReaderOptions = {},
): ArchiveReader => {
  const options = sizes ? {} : { describes: isManifest };
  const expected = (target: string) => expectedOf(app, target, origin);
  const remembered = readOnce<Entry>((object, target) => read(store, object, expected(target)), isFinal);
  const readAll = async (target: string, now: Date, manifests: readonly StoredObject[], index: OpenIndex) => {
    const initial = async () => fromRows(await (await index()).rows());
    for (let again = new Set<string>(); ;) {
      const entries = await remembered.read(target, manifests, { initial, again });
      const { archives, broken } = apart(entries.map((each) => judged(store, now, each)));
      const { newest, whole } = needed(oldest(archives));
      again = new Set(
        entries.flatMap(({ found, isRead, isWhole }, at) =>
          found && !isBroken(found) && ((newest.has(found) && !isRead) || (whole.has(found) && !isWhole))
            ? [manifests[at]?.key ?? '']
            : [],
        ),
      );
      if (again.size > 0) continue;
      slim(remembered.known(target), whole);
      return { archives: oldest(archives), broken };
    }
  };
  const list = (target: string) => objectsOf(store, origin.fromTarget ?? target, options);
  const readListed: ArchiveReader['readListed'] = async (
    target,
    { objects, broken },
    now,
    index = indexOnce(app, store, target, origin),
  ) => {
    const manifests = objects.filter(({ key }) => isManifest(key));
    const open = manifests.length > 0 ? index : () => Promise.resolve(emptyIndex);
    const found = await readAll(target, now, manifests, open);
    return { objects, archives: found.archives, setAside: [...broken, ...found.broken] };
  };
  return {
    list,
    readListed,
    confirm: async (target, { objects }, now, said) => {
      const isStill = async ({ key, digest }: Decisive): Promise<boolean> => {
        const object = objects.find((each) => each.key === manifestKey(key));
        const found = object && judged(store, now, await read(store, object, expected(target)));
        return found !== undefined && !isBroken(found) && digestOf(found.manifest) === digest;
      };
      return (await Promise.all(said.map(isStill))).every((still) => still);
    },
    read: async (target, now, index) => readListed(target, await list(target), now, index),
    section: (target) =>
      new Map(
        [...remembered.known(target)].flatMap(([key, { bytes, tag, value }]) => {
          const { found, by, isWhole } = value;
          if (!found || isBroken(found) || by === undefined) return [];
          const { fingerprint, ...rest } = found.manifest;
          return [[key, { bytes, tag, value: { by, value: isWhole ? { ...rest, fingerprint } : rest } }]];
        }),
      ),
  };
};

/** What was set aside, and why. */
interface Settling {
  readonly setAside: readonly Pick<BrokenArchive, 'error'>[];
}

/** False where the next reading may say otherwise although the listing is the same: a store refused it, or it is of the future. */
export const isSettled = ({ setAside }: Settling): boolean =>
  !setAside.some(({ error: { code } }) => code === 'archive.future' || code.startsWith('store.'));

/** The archives of a target in a store, by what their manifests say: for decisions, which open none of them. */
export const knownOf = (app: App, store: Store, name: string, origin?: Origin): Promise<KnownArchives> =>
  archiveReader(app, store, origin).read(name, app.run.now());
