import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupError } from '../../../core/errors.ts';
import type { DumpEntry } from '../../engine.ts';
import { entryNames } from './entries.ts';

/** Ways in which a key-value store holds a token: as it is, or hashed by 2.8 (pkg/crypt/algorithm/influxdb2). */
const forms = (token: string): readonly Buffer[] => [
  Buffer.from(JSON.stringify(token)),
  ...['sha256', 'sha512'].map((algorithm) =>
    Buffer.from(
      `$influxdb2-${algorithm}$${createHash(algorithm).update(token).digest('base64url').replace(/=+$/, '')}`,
    ),
  ),
];

/** A record whose token is hashed: whoever does not know the token finds none in there. */
const hashed = Buffer.from('"hashedToken":"$');

const holdsAny = async (path: string, wanted: readonly Buffer[]): Promise<boolean> => {
  const longest = Math.max(...wanted.map(({ length }) => length));
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const window = Buffer.concat([tail, chunk]);
    if (wanted.some((text) => window.includes(text))) return true;
    tail = window.subarray(-longest);
  }
  return false;
};

/** Entries of a dump whose key-value store was looked into. */
export interface Peeked {
  /** A token will be known that opens the server once it has this store. */
  readonly opens: boolean;
  /** The store once more. */
  readonly store: () => AsyncIterable<Buffer>;
  /** All entries, from the beginning. */
  readonly entries: AsyncGenerator<DumpEntry, void, undefined>;
}

async function* again(
  path: string,
  rest: AsyncIterator<DumpEntry>,
): AsyncGenerator<DumpEntry, void, undefined> {
  try {
    yield { name: entryNames.kv, content: createReadStream(path) as AsyncIterable<Buffer> };
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

/**
 * Reads the key-value store into `folder` and looks for a token that will open the restored server, before anything is
 * sent. @throws BackupError archive.damaged
 */
export const peek = async (
  entries: AsyncIterable<DumpEntry>,
  folder: string,
  token: string | undefined,
): Promise<Peeked> => {
  const iterator = entries[Symbol.asyncIterator]();
  const path = join(folder, 'kv.bolt');
  try {
    const first = await iterator.next();
    if (first.done || first.value.name !== entryNames.kv)
      throw new BackupError('archive.damaged', `the archive lacks ${entryNames.kv}`);
    await pipeline(Readable.from(first.value.content), createWriteStream(path, { mode: 0o600 }));
    const isKnown = token !== undefined && (await holdsAny(path, forms(token)));
    const store = (): AsyncIterable<Buffer> => createReadStream(path);
    return { store, opens: isKnown || !(await holdsAny(path, [hashed])), entries: again(path, iterator) };
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
};
