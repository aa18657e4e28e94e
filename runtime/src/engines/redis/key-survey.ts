import { formatBytes } from '../../core/units.ts';
import type { RedisClient } from './client.ts';
import { figure, readSetting, type Info } from './info.ts';
import { databasesOf, describeKeys, partsIn, scan, type Key, type Part } from './key-parts.ts';
import { payloadBytes } from './key-transfer.ts';
import { RedisError } from './resp.ts';
import { restoreRefused, throwIfRefused } from './rights.ts';

/** Where keys come from and go to. */
export interface Route {
  /** The private server that holds the archive. */
  readonly archive: RedisClient;
  readonly live: RedisClient;
  readonly parts: readonly Part[];
  readonly into: number | undefined;
}

/** Selects each database of the archive that has keys of the parts, and its counterpart. */
export async function* selected({
  archive,
  live,
  parts,
  into,
}: Route): AsyncGenerator<readonly [number, readonly Part[]]> {
  for (const database of await databasesOf(archive)) {
    const chosen = partsIn(parts, database);
    if (chosen.length === 0) continue;
    await archive.command('SELECT', `${database}`);
    await live.command('SELECT', `${into ?? database}`).catch((error: unknown) => {
      throw error instanceof RedisError
        ? restoreRefused(`database ${into ?? database}: ${error.message}`, error)
        : error;
    });
    yield [into ?? database, chosen];
  }
}

/** Limits of what a server takes as one argument, with the defaults of redis.conf where the account may not ask. */
const argumentLimits = { 'proto-max-bulk-len': 512 << 20, 'client-query-buffer-limit': 1 << 30 } as const;

interface Limit {
  readonly name: string;
  readonly bytes: number;
}

const argumentLimit = async (live: RedisClient): Promise<Limit> => {
  const limits: Limit[] = [];
  for (const [name, usual] of Object.entries(argumentLimits)) {
    const set = await readSetting(live, name).catch((error: unknown) => {
      if (error instanceof RedisError) return '';
      throw error;
    });
    limits.push({ name, bytes: Number(set) || usual });
  }
  return limits.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least));
};

/** What a payload has besides the value: type, length, version and checksum. */
const payloadOverheadBytes = 64;

const assertFits = async ({ archive }: Route, limit: Limit, { name, bytes }: Key): Promise<void> => {
  if (bytes + payloadOverheadBytes <= limit.bytes) return; // in memory a value is never shorter
  const payload = await payloadBytes(archive, name);
  if (payload > limit.bytes)
    throw restoreRefused(
      `a key of ${formatBytes(payload)} is more than the server takes at once (${limit.name}, ${formatBytes(limit.bytes)}); ` +
        `raise it: CONFIG SET ${limit.name} ${payload + 1}; or restore all of the archive`,
    );
};

/** A payload that no server takes, so that RESTORE says whether it may, and changes nothing. */
const noPayload = 'none';

/** Memory of what the live server has under the same names; 0 where the account may not ask. */
const replacedBytes = async ({ live }: Route, keys: readonly Key[]): Promise<number> => {
  const replies = await live.attempts(
    keys.flatMap(({ name }) => [
      ['RESTORE', name, '0', noPayload, 'REPLACE'],
      ['MEMORY', 'USAGE', name],
    ]),
  );
  throwIfRefused(
    'RESTORE',
    replies.filter((_reply, index) => index % 2 === 0),
  );
  return replies.reduce<number>(
    (sum, reply, index) => sum + (index % 2 && typeof reply === 'number' ? reply : 0),
    0,
  );
};

/** What the copying of keys comes to. */
interface Survey {
  readonly first: string | undefined;
  /** More memory than now. */
  readonly addedBytes: number;
}

const surveyKeys = async (route: Route): Promise<Survey> => {
  const limit = await argumentLimit(route.live);
  let first: string | undefined;
  let addedBytes = 0;
  for await (const [, chosen] of selected(route))
    for (const { pattern } of chosen)
      for await (const names of scan(route.archive, pattern)) {
        const keys = await describeKeys(route.archive, names);
        for (const key of keys) await assertFits(route, limit, key);
        first ??= keys[0]?.name;
        addedBytes += keys.reduce((sum, { bytes }) => sum + bytes, 0) - (await replacedBytes(route, keys));
      }
  return { first, addedBytes };
};

const assertRoom = (info: Info, { addedBytes }: Survey): void => {
  const [most, used] = [figure(info, 'maxmemory'), figure(info, 'used_memory')];
  if (most > 0 && used + addedBytes > most)
    throw restoreRefused(
      `the server uses ${formatBytes(used)} of its maxmemory of ${formatBytes(most)} (${info.maxmemory_policy}), and the ` +
        `keys need ${formatBytes(addedBytes)} more; raise it: CONFIG SET maxmemory`,
    );
};

/**
 * Goes through all keys once without changing any: whether the server takes each, by its rights and limits, and has room.
 * Resolves to the first key, as one that the account may have to do with. @throws BackupError restore.refused
 */
export const survey = async (route: Route, info: Info): Promise<string | undefined> => {
  const found = await surveyKeys(route);
  assertRoom(info, found);
  return found.first;
};
