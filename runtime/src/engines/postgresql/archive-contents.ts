import { BackupError } from '../../core/errors.ts';
import { columnsOf } from './copy-columns.ts';

/** An entry of a dump that has data. Names are as they stand in the dump, in its encoding. */
export interface DataEntry {
  /** `TABLE DATA` or `BLOBS`, for instance. */
  readonly kind: string;
  readonly schema: Buffer;
  readonly name: Buffer;
  /** Of its rows, in their order, as bytes in latin1; none where they were not asked for. */
  readonly columns: readonly string[];
}

/** What a dump says of itself before its data. */
export interface ArchiveContents {
  /** Bytes of an integer, without the byte of its sign. */
  readonly intBytes: number;
  /** By the number that its data names. */
  readonly entries: ReadonlyMap<number, DataEntry>;
}

/** Yields how many bytes it reads next, or, below zero, how many it skips. */
export type Reading<T> = Generator<number, T, Buffer>;

/** Minor versions of the format that are known: PostgreSQL 12 to 18 write 1.14 to 1.16 (pg_backup_archiver.h). */
const knownMinors = { first: 14, last: 16 };

const withAlgorithm = 15;
const withRelationKind = 16;

/** Large objects have blocks of another type, so their entries need not be known. */
const rowsKind = 'TABLE DATA';

const magic = 'PGDMP';
const customFormat = 1;

/** Seconds to the year, and whether it is summer time. */
const integersOfTime = 7;

/** An integer: a byte for its sign, then its bytes, the lowest first (ReadInt). */
export const integerAt = (bytes: Buffer, at: number, intBytes: number): number => {
  const value = bytes.readUIntLE(at + 1, intBytes);
  return bytes[at] === 0 ? value : -value;
};

function* integer(intBytes: number): Reading<number> {
  return integerAt(yield 1 + intBytes, 0, intBytes);
}

function* skipIntegers(count: number, intBytes: number): Reading<void> {
  yield -count * (1 + intBytes);
}

/** Below zero for a string that is not there, as the end of a list is. */
function* skipString(intBytes: number): Reading<number> {
  const length = yield* integer(intBytes);
  if (length > 0) yield -length;
  return length;
}

function* skipStrings(count: number, intBytes: number): Reading<void> {
  for (let each = 0; each < count; each += 1) yield* skipString(intBytes);
}

/** Names have at most 63 bytes each, quoted 128; a tag may hold arguments and such, and a COPY 1,600 columns. */
const longestKept = 1 << 18;

function* string(intBytes: number): Reading<Buffer> {
  const length = yield* integer(intBytes);
  if (length <= 0) return Buffer.alloc(0);
  if (length <= longestKept) return Buffer.from(yield length); // its own memory, not the chunk's
  yield -length;
  return Buffer.alloc(0);
}

/** The columns that a COPY statement names. @throws BackupError dump.damaged */
function* readColumns(intBytes: number): Reading<readonly string[]> {
  const columns = columnsOf((yield* string(intBytes)).toString('latin1'));
  if (!columns)
    throw new BackupError('dump.damaged', 'the dump cannot be counted: it has a COPY of another form');
  return columns;
}

/** What the head of a dump says of its form, and what is wanted of it. */
interface Form {
  readonly minor: number;
  readonly intBytes: number;
  readonly offsetBytes: number;
  readonly withColumns: boolean;
}

/** An entry of the table of contents (ReadToc), and its number. */
function* readEntry({
  minor,
  intBytes,
  offsetBytes,
  withColumns,
}: Form): Reading<readonly [number, DataEntry]> {
  const id = yield* integer(intBytes);
  yield* skipIntegers(1, intBytes); // whether it has data
  yield* skipStrings(2, intBytes); // catalogue and object
  const name = yield* string(intBytes);
  const kind = (yield* string(intBytes)).toString('latin1');
  yield* skipIntegers(1, intBytes); // section
  yield* skipStrings(2, intBytes); // definition, DROP
  const isCopied = withColumns && kind === rowsKind;
  const columns = isCopied ? yield* readColumns(intBytes) : [];
  if (!isCopied) yield* skipString(intBytes);
  const schema = yield* string(intBytes);
  yield* skipStrings(2, intBytes); // tablespace, access method
  if (minor >= withRelationKind) yield* skipIntegers(1, intBytes);
  yield* skipStrings(2, intBytes); // owner, WITH OIDS
  while ((yield* skipString(intBytes)) >= 0); // dependencies
  yield -(1 + offsetBytes); // where its data is: not known in a stream
  return [id, { kind, schema, name, columns }];
}

/**
 * Reads all that comes before the data of a dump in the custom format; undefined where the version is none that is known.
 * @throws BackupError dump.damaged where it is no dump
 */
export function* readArchiveContents(withColumns: boolean): Reading<ArchiveContents | undefined> {
  const start = yield magic.length + 6;
  if (start.toString('latin1', 0, magic.length) !== magic)
    throw new BackupError('dump.damaged', 'pg_dump printed something else than a dump');
  const [major = 0, minor = 0, , intBytes = 0, offsetBytes = 0, format] = start.subarray(magic.length);
  const known = major === 1 && minor >= knownMinors.first && minor <= knownMinors.last;
  if (!known || format !== customFormat || intBytes < 1 || intBytes > 6) return undefined;
  yield minor >= withAlgorithm ? -1 : -(1 + intBytes); // compression
  yield* skipIntegers(integersOfTime, intBytes);
  yield* skipStrings(3, intBytes); // database, versions of server and pg_dump
  const count = yield* integer(intBytes);
  const entries = new Map<number, DataEntry>();
  for (let each = 0; each < count; each += 1) {
    const [id, entry] = yield* readEntry({ minor, intBytes, offsetBytes, withColumns });
    if (entry.kind === rowsKind) entries.set(id, entry);
  }
  return { intBytes, entries };
}
