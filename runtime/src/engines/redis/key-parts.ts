import type { RedisClient } from './client.ts';
import { textOf } from './resp.ts';

/** Keys of one database, or of all: `db1`, `db1/session:*`, `session:*`. */
export interface Part {
  readonly database: number | undefined;
  /** As of SCAN MATCH. */
  readonly pattern: string;
}

export const partOf = (text: string): Part => {
  const [, database, pattern] = /^db(\d+)(?:\/(.+))?$/s.exec(text) ?? [];
  if (database === undefined) return { database: undefined, pattern: Buffer.from(text).toString('latin1') };
  return { database: Number(database), pattern: Buffer.from(pattern ?? '*').toString('latin1') };
};

export const partsIn = (parts: readonly Part[], database: number): readonly Part[] =>
  parts.filter((part) => part.database === undefined || part.database === database);

/** Databases that hold keys. */
export const databasesOf = async ({ command }: RedisClient): Promise<readonly number[]> =>
  [...textOf(await command('INFO', 'keyspace')).matchAll(/^db(\d+):/gm)].map(([, number]) => Number(number));

/** Keys per round trip. */
const keysPerScan = 100;

/** Keys of the selected database that match, in batches. */
export async function* scan(
  { command }: RedisClient,
  pattern: string,
): AsyncGenerator<readonly string[], void, undefined> {
  let cursor = '0';
  do {
    const reply = await command('SCAN', cursor, 'MATCH', pattern, 'COUNT', `${keysPerScan}`);
    const [next, keys] = reply as [string, readonly string[]];
    cursor = next;
    if (keys.length) yield keys;
  } while (cursor !== '0');
}

export interface Key {
  readonly name: string;
  readonly type: string;
  /** Milliseconds since 1970; negative where it never expires. */
  readonly expiresMs: number;
  /** What it takes in the memory of the server that holds the archive. */
  readonly bytes: number;
}

/** Without those that expired meanwhile. */
export const describeKeys = async (
  { commands }: RedisClient,
  names: readonly string[],
): Promise<readonly Key[]> => {
  const replies = await commands(
    names.flatMap((name) => [
      ['TYPE', name],
      ['PEXPIRETIME', name],
      ['MEMORY', 'USAGE', name, 'SAMPLES', '0'], // all elements, not a sample
    ]),
  );
  return names.flatMap((name, index) => {
    const [type, expiresMs, bytes] = replies.slice(index * 3) as [string, number, number | null];
    return bytes === null ? [] : [{ name, type, expiresMs, bytes }];
  });
};
