import type { Socket } from 'node:net';
import type { RedisClient } from './client.ts';
import type { Key } from './key-parts.ts';
import { encodeBulk, encodeCommand } from './resp.ts';

/** Values in memory together; a larger one goes alone, and through memory in pieces. */
const batchBytes = 1 << 20;

/** In batches of no more than `batchBytes` each, or of one. */
export const batchesOf = (keys: readonly Key[]): readonly (readonly Key[])[] => {
  const batches: Key[][] = [];
  let [batch, left]: [Key[], number] = [[], 0];
  for (const key of keys) {
    if (key.bytes > left || batches.length === 0) {
      [batch, left] = [[], batchBytes];
      batches.push(batch);
    }
    batch.push(key);
    left -= key.bytes;
  }
  return batches;
};

/** Sent at once: as much as a read of a socket gives, so that no buffer lives long enough to become V8's old garbage. */
const outboxBytes = 1 << 16;

/** Bytes on their way to a server, in writes of `outboxBytes` and more. */
class Outbox {
  readonly #socket: Socket;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async add(bytes: Buffer | string): Promise<void> {
    const part = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes >= outboxBytes) await this.flush();
  }

  /** Resolves when all has left; rejects when the connection broke. */
  flush(): Promise<void> {
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }
}

const encode = (...words: readonly string[]): string => encodeCommand(words, 'latin1');
const bulk = (text: string): string => encodeBulk(text, 'latin1');

/** `RESTORE key time payload REPLACE ABSTTL` as it is before and after its payload. */
const restoreHead = ({ name, expiresMs }: Key, length: number): string =>
  `*6\r\n${bulk('RESTORE')}${bulk(name)}${bulk(`${Math.max(expiresMs, 0)}`)}$${length}\r\n`;
const restoreTail = `\r\n${bulk('REPLACE')}${bulk('ABSTTL')}`;

/** Sends one key from server to server as it comes; false where it expired meanwhile. */
const forward = async ({ reader }: RedisClient, out: Outbox, key: Key): Promise<boolean> => {
  const length = await reader.bulkLength();
  if (length === undefined) return false;
  await out.add(restoreHead(key, length));
  for await (const chunk of reader.body(length)) await out.add(chunk);
  await out.add(restoreTail + encode('TYPE', key.name) + encode('PEXPIRETIME', key.name));
  return true;
};

/** A key of the archive, and what the server made of it. */
export interface Written {
  readonly key: Key;
  readonly type: string;
  readonly expiresMs: number;
}

const commandsPerKey = 3;

const resultsOf = async ({ reader }: RedisClient, keys: readonly Key[]): Promise<readonly Written[]> => {
  const queued = 1 + commandsPerKey * keys.length; // OK of MULTI, and QUEUED
  for (let index = 0; index < queued; index += 1) await reader.reply();
  const results = (await reader.reply()) as readonly (string | number)[];
  return keys.map((key, index) => {
    const [, type, expiresMs] = results.slice(index * commandsPerKey) as [string, string, number];
    return { key, type, expiresMs };
  });
};

/** Copies keys in one transaction, and reads in it what became of them. */
export const transfer = async (
  archive: RedisClient,
  live: RedisClient,
  keys: readonly Key[],
): Promise<readonly Written[]> => {
  const out = new Outbox(live.socket);
  archive.socket.write(keys.map(({ name }) => encode('DUMP', name)).join(''), 'latin1');
  await out.add(encode('MULTI'));
  const sent: Key[] = [];
  for (const key of keys) if (await forward(archive, out, key)) sent.push(key);
  await out.add(encode('EXEC'));
  await out.flush();
  return resultsOf(live, sent);
};

/** Length of what DUMP gives of a key; its bytes are passed over. */
export const payloadBytes = async ({ socket, reader }: RedisClient, name: string): Promise<number> => {
  socket.write(encode('DUMP', name), 'latin1');
  const length = (await reader.bulkLength()) ?? 0;
  for await (const chunk of reader.body(length)) void chunk;
  return length;
};
