import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import type { Fingerprint, Restored, RestoreRequest } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { connect, type RedisClient, type RedisSource } from './client.ts';
import { greet } from './dump.ts';
import { RedisError } from './resp.ts';
import { release, scratch } from './scratch.ts';

const refused = (message: string, cause?: unknown): BackupError =>
  new BackupError('restore.refused', message, { cause });

/** Keys of one database, or of all: `db1`, `db1/session:*`, `session:*`. */
interface Part {
  readonly database: number | undefined;
  /** As of SCAN MATCH. */
  readonly pattern: string;
}

const partOf = (text: string): Part => {
  const [, database, pattern] = /^db(\d+)(?:\/(.+))?$/s.exec(text) ?? [];
  if (database === undefined) return { database: undefined, pattern: Buffer.from(text).toString('latin1') };
  return { database: Number(database), pattern: Buffer.from(pattern ?? '*').toString('latin1') };
};

/** Two servers whose keys are read and written as bytes, one character each. */
interface Copying {
  readonly archive: RedisClient;
  readonly live: RedisClient;
  readonly parts: readonly Part[];
  readonly into: number | undefined;
  /** Counts of the archive's keys, and of what the live server has of them; a key that two parts match counts twice. */
  readonly expected: Map<string, Counts>;
  readonly written: Map<string, Counts>;
}

type Counts = Readonly<{ keys: number; expiring: number }>;

const add = (counted: Map<string, Counts>, item: string, expires: boolean): void => {
  const { keys, expiring } = counted.get(item) ?? { keys: 0, expiring: 0 };
  counted.set(item, { keys: keys + 1, expiring: expiring + (expires ? 1 : 0) });
};

/** Databases that hold keys. */
const databasesOf = async ({ command }: RedisClient): Promise<readonly number[]> =>
  [...`${await command('INFO', 'keyspace')}`.matchAll(/^db(\d+):/gm)].map(([, number]) => Number(number));

const partsIn = (parts: readonly Part[], database: number): readonly Part[] =>
  parts.filter((part) => part.database === undefined || part.database === database);

/** Keys per round trip; their values are in memory at once. */
const keysPerBatch = 100;

/** Keys of the selected database that match, in batches. */
async function* scan(
  { command }: RedisClient,
  pattern: string,
): AsyncGenerator<readonly string[], void, undefined> {
  let cursor = '0';
  do {
    const reply = await command('SCAN', cursor, 'MATCH', pattern, 'COUNT', `${keysPerBatch}`);
    const [next, keys] = reply as [string, readonly string[]];
    cursor = next;
    if (keys.length) yield keys;
  } while (cursor !== '0');
}

interface Key {
  readonly name: string;
  readonly type: string;
  /** Milliseconds since 1970; negative where it never expires. */
  readonly expiresMs: number;
  readonly payload: string;
}

const readKeys = async ({ commands }: RedisClient, names: readonly string[]): Promise<readonly Key[]> => {
  const replies = await commands(
    names.flatMap((name) => [
      ['TYPE', name],
      ['PEXPIRETIME', name],
      ['DUMP', name],
    ]),
  );
  return names.flatMap((name, index) => {
    const [type, expiresMs, payload] = replies.slice(index * 3) as [string, number, string | null];
    return payload === null ? [] : [{ name, type, expiresMs, payload }]; // expired meanwhile
  });
};

/** Writes keys in one transaction, and reads in it what the server made of them. */
const writeKeys = async ({ commands }: RedisClient, keys: readonly Key[]): Promise<readonly Key[]> => {
  const replies = await commands([
    ['MULTI'],
    ...keys.flatMap(({ name, expiresMs, payload }) => [
      ['RESTORE', name, `${Math.max(expiresMs, 0)}`, payload, 'REPLACE', 'ABSTTL'],
      ['TYPE', name],
      ['PEXPIRETIME', name],
    ]),
    ['EXEC'],
  ]);
  const results = replies.at(-1) as readonly (string | number)[];
  return keys.map((key, index) => {
    const [, type, expiresMs] = results.slice(index * 3) as [string, string, number];
    return { ...key, type, expiresMs };
  });
};

const hasExpired = ({ expiresMs }: Key): boolean => expiresMs >= 0 && expiresMs <= Date.now();

const copyBatch = async (
  { archive, live, expected, written }: Copying,
  database: number,
  names: readonly string[],
): Promise<void> => {
  const keys = await readKeys(archive, names);
  if (keys.length === 0) return;
  for (const [index, found] of (await writeKeys(live, keys)).entries()) {
    const key = keys[index]!;
    if (found.type === 'none' && hasExpired(key)) continue;
    add(expected, `db${database}/${key.type}`, key.expiresMs >= 0);
    if (found.type !== 'none') add(written, `db${database}/${found.type}`, found.expiresMs >= 0);
  }
};

const copyKeys = async (copying: Copying): Promise<void> => {
  const { archive, live, parts, into } = copying;
  for (const database of await databasesOf(archive)) {
    const chosen = partsIn(parts, database);
    if (chosen.length === 0) continue;
    await archive.command('SELECT', `${database}`);
    await live.command('SELECT', `${into ?? database}`);
    for (const { pattern } of chosen)
      for await (const names of scan(archive, pattern)) await copyBatch(copying, into ?? database, names);
  }
};

/** Removes live keys that match and that the archive lacks. */
const removeOthers = async ({ archive, live, parts }: Copying): Promise<void> => {
  for (const database of await databasesOf(live)) {
    await archive.command('SELECT', `${database}`);
    await live.command('SELECT', `${database}`);
    for (const { pattern } of partsIn(parts, database))
      for await (const names of scan(live, pattern)) {
        const known = await archive.commands(names.map((name) => ['EXISTS', name]));
        const gone = names.filter((_name, index) => known[index] === 0);
        if (gone.length) await live.command('UNLINK', ...gone);
      }
  }
};

const assertVersions = async (archive: RedisClient, live: RedisClient): Promise<void> => {
  const [made, takes] = [(await greet(archive)).version, (await greet(live)).version];
  if (release(takes) < release(made))
    throw refused(`redis ${takes} does not take single keys of redis ${made}; restore all of the archive`);
};

/** Another database takes the keys of one, and holds none of its own. */
const assertInto = async ({ archive, live, parts, into }: Copying): Promise<void> => {
  if (into === undefined) return;
  const from = (await databasesOf(archive)).filter((database) => partsIn(parts, database).length > 0);
  if (from.length > 1)
    throw refused(
      `keys of databases ${from.join(', ')} do not go into one; name one with --only db${from[0]}`,
    );
  await live.command('SELECT', `${into}`);
  const size = await live.command('DBSIZE');
  if (size !== 0) throw refused(`database ${into} is not empty: it holds ${size} keys`);
};

const copyFunctions = async ({ archive, live }: Copying): Promise<Fingerprint> => {
  await live.command('FUNCTION', 'RESTORE', `${await archive.command('FUNCTION', 'DUMP')}`, 'REPLACE');
  const libraries = ((await archive.command('FUNCTION', 'LIST')) as readonly unknown[]).length;
  return libraries ? { functions: { libraries } } : {};
};

/** Functions came with Redis 7. */
const hasFunctions = ({ server }: RestoreRequest): boolean => release(server.version) >= 7000;

const copyAll = async (copying: Copying, request: RestoreRequest): Promise<Restored> => {
  const { archive, live, expected, written } = copying;
  const { only, into, merge } = request;
  await assertVersions(archive, live);
  await assertInto(copying);
  await copyKeys(copying);
  if (expected.size === 0 && only)
    throw refused(`the archive holds no key of ${only.join(', ')} that has not expired`);
  assertEqual(Object.fromEntries(expected), Object.fromEntries(written));
  if (into === undefined && !merge) await removeOthers(copying);
  const functions = merge && !only && hasFunctions(request) ? await copyFunctions(copying) : {};
  return { fingerprint: { ...Object.fromEntries(written), ...functions } };
};

/** Before anything was written, a missing right is a refusal. */
const explained = (error: unknown, { written }: Copying): unknown =>
  error instanceof RedisError && error.kind === 'NOPERM' && written.size === 0
    ? refused(`the account may not restore single keys: ${error.message}`, error)
    : error;

/**
 * Restores key by key: the archive is loaded into a private server by `fill`, and each key that is wanted taken from
 * there by DUMP and written by RESTORE, with its time of expiry. Without `merge` and `into`, live keys that match `only`
 * and that the archive lacks are removed at the end. Functions come along only in a merge of all.
 */
export const restoreKeys = async (
  context: RunContext,
  source: RedisSource,
  request: RestoreRequest,
  fill: (into: RedisSource) => Promise<unknown>,
): Promise<Restored> => {
  const loaded = await scratch(context, request.server);
  if (!loaded)
    throw refused(
      `single keys need redis-server ${request.server.version} or newer here, to read the archive`,
    );
  const clients: RedisClient[] = [];
  const open = async (from: RedisSource): Promise<RedisClient> => {
    const client = await connect(context, from, 'latin1');
    clients.push(client);
    return client;
  };
  try {
    await fill(loaded.source);
    const copying: Copying = {
      archive: await open(loaded.source),
      live: await open(source),
      parts: (request.only ?? ['*']).map(partOf),
      into: request.into === undefined ? undefined : Number(request.into),
      ...{ expected: new Map(), written: new Map() },
    };
    return await copyAll(copying, request).catch((error: unknown) =>
      Promise.reject(explained(error, copying)),
    );
  } finally {
    for (const client of clients) client.close();
    await loaded.stop();
  }
};
