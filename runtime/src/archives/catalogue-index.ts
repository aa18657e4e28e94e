import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { isBackupError, messageOf } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { openObject, sealObject } from '../crypto/sealed-object.ts';
import { checksOf } from '../crypto/signature.ts';
import type { App } from '../session/app.ts';
import type { Known, Memory } from '../store/read-once.ts';
import { mostBytes, readSmall } from '../store/size-limits.ts';
import type { Store } from '../store/store.ts';
import { isOfFuture, type Expected } from './authentic.ts';
import { isOfObject } from './catalogue.ts';
import { indexKey } from './layout.ts';

const [compress, decompress] = [promisify(gzip), promisify(gunzip)];

const label = 'grill-backup catalogue\0';

/** Another one whenever an entry means something else: a program reads no index but that of its own format. */
export const indexFormat = 3;

/** What was read of an object, and the key that authenticated it. */
export interface Proved<T> {
  /** Published check of that key. */
  readonly by: string;
  readonly value: T;
}

/** What an index has of one kind of object, by key. */
export type Section = Memory<Proved<unknown>>;

/** What was read of a target's objects when they were so: an entry counts for an object of the very size and tag. */
export interface Rows {
  readonly archives: Section;
  readonly runs: Section;
}

/** What followed from a listing, which says it still as long as it is the same. */
export interface Followed<T> {
  /** Print of the listing. */
  readonly print: string;
  /** Time of the reading, in ms: with a clock that was set back, other archives are of the future. */
  readonly at: number;
  readonly value: T;
}

/** An archive of which an index alone does not say that it counts, and what its manifest said, as a digest. */
export interface Decisive {
  readonly key: string;
  readonly digest: string;
}

/** What followed from all of a target, as JSON. */
export interface Derived {
  /** What else it followed from, as a digest: the program, the plan and its keys. */
  readonly by: string;
  readonly archives: Followed<unknown>;
  /** Those that decide what is newest. */
  readonly decisive: readonly Decisive[];
  readonly runs: Followed<unknown>;
}

/** What is known of a target in a store. Only a cache: what it holds is authenticated, and compared with the listing. */
export interface CatalogueIndex {
  readonly derived?: Derived | undefined;
  /** Unpacked when it is asked for: with `derived`, few need it. */
  readonly rows: () => Promise<Rows>;
}

const emptyRows: Rows = { archives: new Map(), runs: new Map() };

export const emptyIndex: CatalogueIndex = { rows: () => Promise.resolve(emptyRows) };

/** An index opens nowhere else, so that one of another target, store or environment is no better than none. */
const placeOf = (store: Store, { environment, target, engine }: Expected): object => ({
  format: indexFormat,
  store: store.location,
  environment,
  target,
  engine,
});

type Row = readonly [key: string, bytes: number, tag: string, by: string, value: unknown];

type PackedRows = Readonly<Record<keyof Rows, readonly Row[]>>;

const sectionOf = (rows: readonly Row[], checks: ReadonlySet<string>): Section => {
  const section = new Map<string, Known<Proved<unknown>>>();
  for (const [key, bytes, tag, by, value] of rows)
    if (checks.has(by)) section.set(key, { bytes, tag, value: { by, value } });
  return section;
};

const unpackRows = async (packed: Buffer, checks: ReadonlySet<string>): Promise<Rows> => {
  const text = await decompress(packed, { maxOutputLength: 4 * mostBytes.index });
  const { archives, runs } = JSON.parse(text.toString('utf8')) as PackedRows; // sealed by this program, in this format
  return { archives: sectionOf(archives, checks), runs: sectionOf(runs, checks) };
};

const rowsOf = (section: Section): readonly Row[] =>
  [...section].map(([key, { bytes, tag, value }]) => [key, bytes, tag, value.by, value.value]);

const packRows = ({ archives, runs }: Rows): Promise<Buffer> =>
  compress(JSON.stringify({ archives: rowsOf(archives), runs: rowsOf(runs) }), { level: 1 });

interface Head {
  readonly writtenAt: string;
  readonly derived?: Derived | undefined;
}

/** Bytes of the number that says how long the head is; the rows follow it. */
const lengthBytes = 4;

const contentOf = (head: Head, rows: Buffer): Buffer => {
  const [length, text] = [Buffer.alloc(lengthBytes), Buffer.from(JSON.stringify(head))];
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, rows]);
};

const partsOf = (content: Buffer): { readonly head: Head; readonly rows: Buffer } => {
  const end = lengthBytes + content.readUInt32BE();
  const head = JSON.parse(content.toString('utf8', lengthBytes, end)) as Head; // as the rows
  return { head, rows: content.subarray(end) };
};

/** The index of a target in a store; an empty one where there is none, or where it is not to be used. */
export const readIndex = async (app: App, store: Store, expected: Expected): Promise<CatalogueIndex> => {
  const { keys, target } = expected;
  const aside = <T>(problem: string, nothing: T): T => {
    app.run.log.debug({ store: store.location, target, problem }, 'the index is not used');
    return nothing;
  };
  if (!keys) return emptyIndex;
  try {
    const sealed = await readSmall(store, indexKey(target), 'index');
    const content = await openObject(label, placeOf(store, expected), sealed, keys);
    if (!content) return aside('it fails authentication for this place', emptyIndex);
    const { head, rows: packed } = partsOf(content);
    const { writtenAt, derived } = head;
    if (isOfFuture(writtenAt, app.run.now()))
      return aside(`it is dated ${writtenAt}, in the future`, emptyIndex);
    let rows: Promise<Rows> | undefined;
    const unpack = async () => unpackRows(packed, await checksOf(keys));
    return {
      derived,
      rows: () => (rows ??= unpack().catch((error: unknown) => aside(messageOf(error), emptyRows))),
    };
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return emptyIndex;
    if (isBackupError(error) && !isOfObject(error)) throw error;
    return aside(messageOf(error), emptyIndex);
  }
};

/** Writes the index of a target: one small object. @throws BackupError `store.*` */
export const writeIndex = async (
  app: App,
  store: Store,
  expected: Expected,
  rows: Rows,
  derived: Derived | undefined,
): Promise<void> => {
  const { keys, target } = expected;
  if (!keys) return;
  const content = contentOf({ writtenAt: app.run.now().toISOString(), derived }, await packRows(rows));
  const sealed = await sealObject(label, placeOf(store, expected), content, keys[0]);
  await store.put(indexKey(target), () => oneChunk(sealed), { replace: true });
};
