import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RestoreScope } from '../../../runtime/src/engines/engine.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { settingsOf, startRedis, type RedisOptions, type TestRedis } from '../../kit/redis.ts';
import { startSentinel } from '../../kit/sentinel.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

const run = testRun();
afterAll(run.dispose);

const keys = 200;
const valueBytes = 50_000;

let saved: Saved;

beforeAll(async () => {
  const origin = await startRedis({ settings: { databases: '32' } });
  await origin.script([
    ...Array.from({ length: keys }, (_, n) => `SETRANGE key:${n} ${valueBytes} end`),
    ...['SELECT 20', 'SET far away'],
  ]);
  saved = await save(redis.dump(run, sourceOf(origin)));
  await origin.stop();
});

const sourceOf = (server: TestRedis, credentials = {}) => ({
  name: 'redis',
  connection: { host: server.host, port: server.port },
  credentials: { password: server.password, ...credentials },
});

const request = (scope: RestoreScope = {}) => ({
  ...{ mode: 'replace' as const, suffix: 'test', expected: saved.fingerprint, server: saved.server },
  ...scope,
});

const restore = (server: TestRedis, scope: RestoreScope = {}, credentials = {}) =>
  redis.restore(run, sourceOf(server, credentials), replay(saved), request(scope));

/** All that a restore could change of a server; a part is absent where the command was taken away. */
const stateOf = (server: TestRedis): Promise<readonly string[]> =>
  Promise.all(
    [
      server.cli('INFO', 'replication').then((text) => /role:\w+/.exec(text)![0]),
      server.cli('DEBUG', 'DIGEST'),
      settingsOf(server),
    ].map((part) => part.catch(() => 'absent')),
  );

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const withServer = async (
  options: RedisOptions,
  use: (server: TestRedis) => Promise<void>,
): Promise<void> => {
  const server = await startRedis(options);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
};

const enough = { databases: '32', masterauth: 'a secret of others', masteruser: 'somebody' };

interface Refused {
  readonly title: string;
  readonly settings: NonNullable<RedisOptions['settings']>;
  readonly reason: RegExp;
  /** Of key by key, where that is refused too. */
  readonly merge?: RegExp;
  readonly commands?: readonly string[];
  readonly credentials?: Record<string, string>;
}

const evicting = (policy: string): Refused => ({
  title: `less memory than the archive needs, ${policy}`,
  settings: { ...enough, maxmemory: '8mb', 'maxmemory-policy': policy },
  reason: new RegExp(`maxmemory is 8 MiB \\(${policy}\\).*CONFIG SET maxmemory`),
  merge: /maxmemory/,
});

const limited = (right: string): Refused => ({
  title: `an account without ${right}`,
  settings: enough,
  commands: [
    `ACL SETUSER few on >few -@all +ping +info +psync +replconf +config|get +config|set +replicaof ~* -${right}`,
  ],
  credentials: { username: 'few', password: 'few' },
  reason: new RegExp(`NOPERM.*${right.split('|')[0]}`, 'i'),
  merge: /NOPERM/,
});

const renamed = (command: string): Refused => ({
  title: `${command} taken away`,
  settings: { ...enough, 'rename-command': [command, ''] },
  reason: new RegExp(`unknown command.*${command}`, 'i'),
});

const refused: readonly Refused[] = [
  { title: 'fewer databases', settings: {}, reason: /16 databases.*needs 21/, merge: /database 20: ERR/ },
  ...['allkeys-lru', 'allkeys-lfu', 'allkeys-random', 'volatile-ttl', 'noeviction'].map(evicting),
  {
    title: 'cluster mode',
    settings: { ...enough, 'cluster-enabled': 'yes' },
    reason: /cluster mode/,
    merge: /cluster mode/,
  },
  { title: 'too few connections', settings: { ...enough, maxclients: '3' }, reason: /of 3 connections/ },
  ...['REPLICAOF', 'PSYNC', 'REPLCONF', 'CONFIG', 'INFO'].map(renamed),
  ...['replicaof', 'psync', 'replconf', 'info', 'config|set', 'config|get'].map(limited),
];

describe.each(refused)('$title', ({ settings, reason, merge, commands = [], credentials }) => {
  test('is found before anything changes', () =>
    withServer({ settings }, async (server) => {
      await server.script(commands);
      await server.cli('SET', 'live', '1').catch(() => {}); // not in a cluster without slots
      const before = await stateOf(server);
      await expect(restore(server, {}, credentials)).rejects.toEqual(failure('restore.refused', reason));
      if (merge)
        await expect(restore(server, { merge: true }, credentials)).rejects.toEqual(
          failure('restore.refused', merge),
        );
      expect(await stateOf(server)).toEqual(before);
    }));
});

test('the preview names every reason at once, and what is not restored', () =>
  withServer({ settings: { maxmemory: '8mb' } }, async (server) => {
    const { hindrances, notes } = await redis.preview!(run, sourceOf(server), replay(saved), request());
    expect(hindrances.map(({ message }) => message)).toEqual([
      expect.stringMatching(/16 databases/),
      expect.stringMatching(/maxmemory/),
    ]);
    expect(notes).toEqual([expect.stringMatching(/ACL users/)]);
  }));

test('a replica names its primary', () =>
  withServer({ settings: enough }, async (primary) =>
    withServer({ settings: { databases: '32' } }, async (server) => {
      await server.cli('REPLICAOF', primary.host, `${primary.port}`);
      await expect(restore(server)).rejects.toEqual(
        failure('restore.refused', new RegExp(`replica of 127.0.0.1:${primary.port}`)),
      );
    }),
  ));

test('a sentinel would fail over: refused; key by key it is done, and there is one primary', () =>
  withServer({ settings: { databases: '32' } }, async (server) =>
    withServer(
      { settings: { databases: '32', replicaof: [server.host, `${server.port}`] } },
      async (replica) => {
        const sentinel = await startSentinel(server.port);
        try {
          await until(async () => (await server.cli('PUBSUB', 'NUMSUB', '__sentinel__:hello')).endsWith('1'));
          const before = await stateOf(server);
          await expect(restore(server)).rejects.toEqual(
            failure('restore.refused', /1 sentinel watches it.*SENTINEL REMOVE/),
          );
          expect(await stateOf(server)).toEqual(before);
          await restore(server, { merge: true });
          expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
          await until(async () => (await replica.cli('DBSIZE')) === `${keys}`);
          const watched = { ...sourceOf(server), connection: { host: '127.0.0.1', port: sentinel.port } };
          await expect(redis.dump(run, watched)).rejects.toEqual(
            failure('source.unsupported', /this is a sentinel/),
          );
        } finally {
          await sentinel.stop();
        }
      },
    ),
  ));

test('a subscriber that the account may not look at is refused, as it may be a sentinel', () =>
  withServer({ settings: enough }, async (server) => {
    await server.script(['ACL SETUSER few on >few +@all -pubsub ~*']);
    const watcher = await startSentinel(server.port);
    try {
      await until(async () => (await server.cli('PUBSUB', 'CHANNELS')) !== '');
      await expect(restore(server, {}, { username: 'few', password: 'few' })).rejects.toEqual(
        failure('restore.refused', /grant it \+pubsub\|numsub/),
      );
    } finally {
      await watcher.stop();
    }
  }));

test('attached replicas end with the same data, and the notes say that they take it anew', () =>
  withServer({ settings: { databases: '32', 'repl-diskless-sync-delay': '0' } }, async (server) =>
    withServer(
      { settings: { databases: '32', replicaof: [server.host, `${server.port}`] } },
      async (replica) => {
        await server.cli('SET', 'live', '1');
        await until(async () => (await replica.cli('GET', 'live')) === '1');
        const { notes } = await restore(server);
        expect(notes).toContainEqual(expect.stringMatching(/1 replicas of the server follow/));
        await until(async () => (await replica.cli('DBSIZE')) === `${keys}`);
        await until(async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'));
        expect(await replica.cli('GET', 'live')).toBe('');
      },
    ),
  ));

const settled: readonly {
  title: string;
  settings: NonNullable<RedisOptions['settings']>;
  password?: string;
}[] = [
  { title: 'a password and masterauth', settings: enough, password: 'Räucher "ofen"' },
  { title: 'a replica that may be written to', settings: { ...enough, 'replica-read-only': 'no' } },
  { title: 'memory enough', settings: { ...enough, maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' } },
  { title: 'a short timeout of replication', settings: { ...enough, 'repl-timeout': '2' } },
];

test.each(settled)('$title: done, equal, and every setting as before', ({ settings, password }) =>
  withServer({ settings, ...(password === undefined ? {} : { password }) }, async (server) => {
    const before = await settingsOf(server);
    const { fingerprint } = await restore(server);
    expect(fingerprint).toEqual(saved.fingerprint);
    expect(await settingsOf(server)).toBe(before);
    expect(await redis.fingerprint(run, sourceOf(server), run.now())).toEqual(saved.fingerprint);
  }),
);

/** Hashes that the origin packs, by a setting of its own, and this server does not: they take several times the memory. */
test('data that grows while it is loaded, and is evicted then, is not equal', async () => {
  const fields = Array.from({ length: 1000 }, (_, n) => `f${n} v`).join(' ');
  const packed = await startRedis({ settings: { 'hash-max-listpack-entries': '100000' } });
  await packed.script(Array.from({ length: 100 }, (_, n) => `HSET hash:${n} ${fields}`));
  const archive = await save(redis.dump(run, sourceOf(packed)));
  await packed.stop();
  await withServer({ settings: { maxmemory: '5mb', 'maxmemory-policy': 'allkeys-lru' } }, async (server) => {
    const attempt = redis.restore(run, sourceOf(server), replay(archive), {
      ...request(),
      expected: archive.fingerprint,
    });
    await expect(attempt).rejects.toEqual(
      failure('restore.mismatch', /keys were evicted: maxmemory is 5 MiB \(allkeys-lru\)/),
    );
    expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
  });
});
