import { pipeline } from 'node:stream/promises';
import { extract as tarExtract, type Header } from 'tar-stream';
import type { DumpEntry } from '../core/entries.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import { partName } from './pack.ts';

interface Entry extends AsyncIterable<Buffer> {
  readonly header: Header;
}

const partPattern = /^(.+)\.part-(\d{6,})$/;

const damaged = (message: string, cause?: unknown): BackupError =>
  new BackupError('archive.damaged', message, { cause });

/** Names come from outside: nothing absolute, no way up, plain files only. */
const checkHeader = ({ header }: Entry): void => {
  const segments = header.name.split('/');
  if (header.type !== 'file')
    throw damaged(`entry ${header.name} is a ${header.type}, expected a plain file`);
  if (
    segments.some((segment: string) => segment === '' || segment === '.' || segment === '..') ||
    header.name.includes('\\')
  )
    throw damaged(`entry name ${JSON.stringify(header.name)} leaves the archive`);
};

interface Cursor {
  current: Entry | undefined;
  readonly advance: () => Promise<void>;
}

const openCursor = async (tar: AsyncIterable<Entry>): Promise<Cursor> => {
  const iterator = tar[Symbol.asyncIterator]();
  const cursor: Cursor = {
    current: undefined,
    advance: async () => {
      const next = await iterator.next();
      cursor.current = next.done ? undefined : next.value;
      if (cursor.current) checkHeader(cursor.current);
    },
  };
  await cursor.advance();
  return cursor;
};

async function* joinParts(cursor: Cursor, name: string): AsyncGenerator<Buffer> {
  for (let index = 0; cursor.current?.header.name === partName(name, index); index++) {
    yield* cursor.current;
    await cursor.advance();
  }
}

async function* single(cursor: Cursor, entry: Entry): AsyncGenerator<Buffer> {
  yield* entry;
  await cursor.advance();
}

const nextEntry = (cursor: Cursor, entry: Entry): DumpEntry => {
  const { name } = entry.header;
  const [, base, index] = partPattern.exec(name) ?? [];
  if (!base) return { name, content: single(cursor, entry) };
  if (Number(index) !== 0) throw damaged(`part ${name} is out of order`);
  return { name: base, content: joinParts(cursor, base) };
};

/** A broken source breaks the tar reader, whose own words then say less than the source's. */
const rootCause = async (error: unknown, fed: Promise<void>): Promise<BackupError> => {
  if (isBackupError(error)) return error;
  const cause = await fed.then(
    () => error,
    (reason: unknown) => reason,
  );
  return isBackupError(cause)
    ? cause
    : damaged(`archive is not a tar file that this program wrote: ${messageOf(cause)}`, cause);
};

/** Bytes of a tar file → entries, parts joined. @throws BackupError `archive.damaged` for anything `pack` does not write */
export async function* unpack(bytes: AsyncIterable<Buffer>): AsyncGenerator<DumpEntry> {
  const tar = tarExtract();
  const fed = pipeline(bytes, tar);
  fed.catch(() => {}); // surfaces through the iterator
  async function* explained(content: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* content;
    } catch (error) {
      throw await rootCause(error, fed);
    }
  }
  try {
    const cursor = await openCursor(tar as AsyncIterable<Entry>);
    while (cursor.current) {
      const before = cursor.current;
      const { name, content } = nextEntry(cursor, cursor.current);
      yield { name, content: explained(content) };
      if (cursor.current === before) throw new Error(`entry ${name} was not read to its end`);
    }
    await fed;
  } catch (error) {
    throw tar.destroying ? await rootCause(error, fed) : error;
  } finally {
    tar.destroy();
  }
}
