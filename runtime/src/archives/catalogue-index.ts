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
const format = 1;

/** What was read of an object, and the key that authenticated it. */
export interface Proved<T> {
  /** Published check of that key. */
  readonly by: string;
  readonly value: T;
}

/** What an index has of one kind of object, by key. */
export type Section = Memory<Proved<unknown>>;

/**
 * What was read of a target's objects when they were so. Only a cache: an entry counts for an object of the very size and tag,
 * and where a key of the plan authenticated it.
 */
export interface CatalogueIndex {
  readonly archives: Section;
  readonly runs: Section;
}

type Row = readonly [key: string, bytes: number, tag: string, by: string, value: unknown];

interface Content {
  readonly writtenAt: string;
  readonly archives: readonly Row[];
  readonly runs: readonly Row[];
}

export const emptyIndex: CatalogueIndex = { archives: new Map(), runs: new Map() };

/** An index opens nowhere else, so that one of another target, store or environment is no better than none. */
const placeOf = (store: Store, { environment, target, engine }: Expected): object => ({
  format,
  store: store.location,
  environment,
  target,
  engine,
});

const sectionOf = (rows: readonly Row[], checks: ReadonlySet<string>): Section => {
  const section = new Map<string, Known<Proved<unknown>>>();
  for (const [key, bytes, tag, by, value] of rows)
    if (checks.has(by)) section.set(key, { bytes, tag, value: { by, value } });
  return section;
};

const contentOf = async (store: Store, expected: Expected): Promise<Content | undefined> => {
  const { keys, target } = expected;
  const sealed = keys && (await readSmall(store, indexKey(target), 'index'));
  const packed = sealed && (await openObject(label, placeOf(store, expected), sealed, keys));
  if (!packed) return undefined;
  const text = await decompress(packed, { maxOutputLength: 4 * mostBytes.index });
  return JSON.parse(text.toString('utf8')) as Content; // sealed by this program, in this format
};

/** The index of a target in a store; an empty one where there is none, or where it is not to be used. */
export const readIndex = async (app: App, store: Store, expected: Expected): Promise<CatalogueIndex> => {
  const { keys } = expected;
  const aside = (problem: string): CatalogueIndex => {
    app.run.log.debug({ store: store.location, target: expected.target, problem }, 'the index is not used');
    return emptyIndex;
  };
  if (!keys) return emptyIndex;
  try {
    const content = await contentOf(store, expected);
    if (!content) return aside('it fails authentication for this place');
    const { writtenAt, archives, runs } = content;
    if (isOfFuture(writtenAt, app.run.now())) return aside(`it is dated ${writtenAt}, in the future`);
    const checks = await checksOf(keys);
    return { archives: sectionOf(archives, checks), runs: sectionOf(runs, checks) };
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return emptyIndex;
    if (isBackupError(error) && !isOfObject(error)) throw error;
    return aside(messageOf(error));
  }
};

const rowsOf = (section: Section): readonly Row[] =>
  [...section].map(
    ([
      key,
      {
        bytes,
        tag,
        value: { by, value },
      },
    ]) => [key, bytes, tag, by, value],
  );

/** Writes the index of a target: one small object. @throws BackupError `store.*` */
export const writeIndex = async (
  app: App,
  store: Store,
  expected: Expected,
  { archives, runs }: CatalogueIndex,
): Promise<void> => {
  const { keys, target } = expected;
  if (!keys) return;
  const writtenAt = app.run.now().toISOString();
  const content: Content = { writtenAt, archives: rowsOf(archives), runs: rowsOf(runs) };
  const packed = await compress(JSON.stringify(content), { level: 1 });
  const sealed = await sealObject(label, placeOf(store, expected), packed, keys[0]);
  await store.put(indexKey(target), () => oneChunk(sealed), { replace: true });
};
