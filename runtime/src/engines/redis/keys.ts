import type { RunContext } from '../../core/context.ts';
import type { Fingerprint, Restored, RestoreRequest } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { connect, type RedisClient, type RedisSource } from './client.ts';
import { greet } from './dump.ts';
import { infoOf } from './info.ts';
import { databasesOf, describeKeys, partOf, partsIn, scan } from './key-parts.ts';
import { selected, survey, type Route } from './key-survey.ts';
import { batchesOf, transfer, type Written } from './key-transfer.ts';
import { RedisError, textOf } from './resp.ts';
import { restoreRefused, tryOut } from './rights.ts';
import { scratch } from './scratch.ts';
import { assertNoneEvicted } from './stays.ts';
import { formatOf, loads, releaseOf } from './versions.ts';

/** What was copied so far. */
interface Copying extends Route {
  /** Counts of the archive's keys, and of what the live server has of them; a key that two parts match counts twice. */
  readonly expected: Map<string, Counts>;
  readonly written: Map<string, Counts>;
}

type Counts = Readonly<{ keys: number; expiring: number }>;

const add = (counted: Map<string, Counts>, item: string, expires: boolean): void => {
  const { keys, expiring } = counted.get(item) ?? { keys: 0, expiring: 0 };
  counted.set(item, { keys: keys + 1, expiring: expiring + (expires ? 1 : 0) });
};

const count = ({ expected, written }: Copying, database: number, { key, type, expiresMs }: Written): void => {
  if (type === 'none' && key.expiresMs >= 0 && key.expiresMs <= Date.now()) return; // expired meanwhile
  add(expected, `db${database}/${key.type}`, key.expiresMs >= 0);
  if (type !== 'none') add(written, `db${database}/${type}`, expiresMs >= 0);
};

const copyKeys = async (copying: Copying): Promise<void> => {
  const { archive, live } = copying;
  for await (const [database, chosen] of selected(copying))
    for (const { pattern } of chosen)
      for await (const names of scan(archive, pattern))
        for (const batch of batchesOf(await describeKeys(archive, names)))
          for (const written of await transfer(archive, live, batch)) count(copying, database, written);
};

/** Names that the selected database of the archive lacks. */
const lacking = async (archive: RedisClient, names: readonly string[]): Promise<readonly string[]> => {
  const known = await archive.commands(names.map((name) => ['EXISTS', name]));
  return names.filter((_name, index) => known[index] === 0);
};

/** Removes live keys that match and that the archive lacks. Its server may have fewer databases than the live one. */
const removeOthers = async ({ archive, live, parts }: Route): Promise<void> => {
  const archived = await databasesOf(archive);
  for (const database of await databasesOf(live)) {
    const chosen = partsIn(parts, database);
    if (chosen.length === 0) continue;
    const known = archived.includes(database);
    if (known) await archive.command('SELECT', `${database}`);
    await live.command('SELECT', `${database}`);
    for (const { pattern } of chosen)
      for await (const names of scan(live, pattern)) {
        const gone = known ? await lacking(archive, names) : names;
        if (gone.length) await live.command('UNLINK', ...gone);
      }
  }
};

/** The server that holds the archive writes payloads of its own version. */
const assertVersions = async (archive: RedisClient, live: RedisClient): Promise<void> => {
  const [made, takes] = [await greet(archive), await greet(live)];
  if (takes.mode === 'cluster')
    throw restoreRefused('the server runs in cluster mode, where each node has only part of the keys');
  if (!loads(takes, formatOf(made)))
    throw restoreRefused(
      `${takes.product} ${takes.version} does not take single keys of ${made.product} ${made.version}; restore all of the archive`,
    );
};

/** Another database takes the keys of one, and holds none of its own. */
const assertInto = async ({ archive, live, parts, into }: Route): Promise<void> => {
  if (into === undefined) return;
  const from = (await databasesOf(archive)).filter((database) => partsIn(parts, database).length > 0);
  if (from.length > 1)
    throw restoreRefused(
      `keys of databases ${from.join(', ')} do not go into one; name one with --only db${from[0]}`,
    );
  for await (const _database of selected({ archive, live, parts, into })) {
    const size = await live.command('DBSIZE');
    if (size !== 0) throw restoreRefused(`database ${into} is not empty: it holds ${textOf(size)} keys`);
  }
};

const copyFunctions = async ({ archive, live }: Copying): Promise<Fingerprint> => {
  await live.command('FUNCTION', 'RESTORE', textOf(await archive.command('FUNCTION', 'DUMP')), 'REPLACE');
  const libraries = ((await archive.command('FUNCTION', 'LIST')) as readonly unknown[]).length;
  return libraries ? { functions: { libraries } } : {};
};

/** Functions came with Redis 7, and with the first Valkey. */
const hasFunctions = ({ server }: RestoreRequest): boolean =>
  server.product === 'Valkey' || releaseOf(server.version) >= 7000;

/** Commands besides RESTORE, in forms that change nothing; no key has the name of a key and such an ending. */
const otherCommands = (
  key: string,
  random: string,
  removes: boolean,
  functions: boolean,
): readonly (readonly string[])[] => [
  ['MULTI'],
  ['EXEC'],
  ['TYPE', key],
  ['PEXPIRETIME', key],
  ...(removes ? [['UNLINK', `${key}:${random}`]] : []),
  ...(functions ? [['FUNCTION', 'RESTORE', '']] : []),
];

const copyAll = async (copying: Copying, request: RestoreRequest, random: string): Promise<Restored> => {
  const { archive, live, expected, written } = copying;
  const { only, into, merge } = request;
  const removes = into === undefined && !merge;
  const withFunctions = merge === true && !only && hasFunctions(request);
  await assertVersions(archive, live);
  await assertInto(copying);
  const before = await infoOf(live);
  const first = await survey(copying, before);
  if (first === undefined && only)
    throw restoreRefused(`the archive holds no key of ${only.join(', ')} that has not expired`);
  await tryOut(live, otherCommands(first ?? '', random, removes, withFunctions));
  await copyKeys(copying);
  assertEqual(Object.fromEntries(expected), Object.fromEntries(written));
  if (removes) await removeOthers(copying);
  const functions = withFunctions ? await copyFunctions(copying) : {};
  assertNoneEvicted(before, await infoOf(live));
  return { fingerprint: { ...Object.fromEntries(written), ...functions } };
};

/** Before anything was written, a missing right is a refusal. */
const explained = (error: unknown, { written }: Copying): unknown =>
  error instanceof RedisError && error.kind === 'NOPERM' && written.size === 0
    ? restoreRefused(`the account may not restore single keys: ${error.message}`, error)
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
  const loaded = await scratch(context, request.server, { fingerprint: request.expected });
  if (!loaded)
    throw restoreRefused(
      `single keys need the server program of ${request.server.product} ${request.server.version} or newer here, to read the archive`,
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
      expected: new Map(),
      written: new Map(),
    };
    const random = context.randomBytes(16).toString('hex');
    return await copyAll(copying, request, random).catch((error: unknown) =>
      Promise.reject(explained(error, copying)),
    );
  } finally {
    for (const client of clients) client.close();
    await loaded.stop();
  }
};
