import { RedisError, type RespReader } from './resp.ts';
import type { RedisClient } from './client.ts';

/** Length of the marker that ends an RDB whose length the primary did not know (CONFIG_RUN_ID_SIZE). */
const markerBytes = 40;

async function* ofLength(reader: RespReader, length: number): AsyncGenerator<Buffer, void, undefined> {
  let left = length;
  if (left === 0) return;
  for await (const chunk of reader.chunks()) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return; // what follows is the stream of commands
  }
}

async function* untilMarker(reader: RespReader, marker: Buffer): AsyncGenerator<Buffer, void, undefined> {
  let held = Buffer.alloc(0); // may be the marker's beginning
  for await (const chunk of reader.chunks()) {
    const bytes = Buffer.concat([held, chunk]);
    const end = bytes.indexOf(marker);
    const certain = end === -1 ? Math.max(0, bytes.length - markerBytes + 1) : end;
    if (certain > 0) yield bytes.subarray(0, certain);
    if (end !== -1) return;
    held = bytes.subarray(certain);
  }
}

/**
 * Reads a body framed as `$<length>` or as `$EOF:<marker>` … `<marker>`: the two ways in which a primary sends its RDB
 * (readSyncBulkPayload in replication.c).
 */
export async function* readPayload(reader: RespReader): AsyncGenerator<Buffer, void, undefined> {
  const header = await reader.nextLine();
  const [, marker] = /^\$EOF:(.{40})$/.exec(header) ?? [];
  const [, length] = /^\$(\d+)$/.exec(header) ?? [];
  if (marker !== undefined) yield* untilMarker(reader, Buffer.from(marker, 'latin1'));
  else if (length !== undefined) yield* ofLength(reader, Number(length));
  else throw new Error(`unexpected answer to PSYNC: ${header.slice(0, 80)}`);
}

/**
 * What a server that does not know it answers with an error: since redis 7.0 no commands are kept for us meanwhile; valkey 9
 * writes fields that expire only for who names a version that reads them (replicaRdbVersion in replication.c).
 */
const wishes = [
  ['rdb-only', '1'],
  ['version', '9.0.0'],
] as const;

const unlessRefused = (error: unknown): void => {
  if (!(error instanceof RedisError) || error.kind === 'NOPERM') throw error;
};

/**
 * Asks a primary for an RDB as a new replica would, and resolves when it has begun to make it.
 * @throws RedisError NOPERM, NOMASTERLINK, LOADING
 */
export const requestRdb = async ({ command, reader, socket }: RedisClient): Promise<void> => {
  await command('REPLCONF', 'capa', 'eof');
  for (const wish of wishes) await command('REPLCONF', ...wish).catch(unlessRefused);
  socket.write('PSYNC ? -1\r\n');
  for (;;) {
    const answer = await reader.reply();
    if (typeof answer === 'string' && answer.startsWith('FULLRESYNC')) return;
  }
};
