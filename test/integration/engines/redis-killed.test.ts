import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type RedisClient } from '../../../runtime/src/engines/redis/client.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { follow, markedPassword, readBefore, release } from '../../../runtime/src/engines/redis/leftover.ts';
import { infoOf } from '../../../runtime/src/engines/redis/info.ts';
import { freePort, removeFolder, startServer, workFolder } from '../../kit/private-server.ts';
import { settingsOf, startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';
import { captureText } from '../../kit/capture.ts';
import { until } from '../../kit/until.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

const run = testRun();
afterAll(run.dispose);

const password = 'of the server';
const sourceOf = ({ port }: { readonly port: number }) => ({
  name: 'redis',
  connection: { host: '127.0.0.1', port },
  credentials: { password },
});

/** A client that dies at its n-th command, as a process that gets SIGKILL there. */
const dyingAt = (client: RedisClient, commands: number): RedisClient => {
  let left = commands;
  const command = async (...words: readonly string[]) => {
    if (left === 0) throw new Error('killed');
    left -= 1;
    return client.command(...words);
  };
  return { ...client, command };
};

/** Leaves a server as a restore does that is killed after so many of its commands. */
const kill = async (server: { readonly port: number }, begun: number, ended: number): Promise<void> => {
  const client = await connect(run, sourceOf(server));
  const before = await readBefore(client, (await infoOf(client)).run_id!);
  const marked = markedPassword(run.randomBytes(32), before);
  const nobody = await freePort();
  await follow(dyingAt(client, begun), marked, '127.0.0.1', nobody).catch(() => {});
  await release(dyingAt(client, ended), before).catch(() => {});
  client.close();
};

const settings = { masterauth: 'for the old primary', masteruser: 'replicator', 'replica-read-only': 'no' };

let server: TestRedis;
let saved: Saved;
let before: string;

const state = async () => [
  /role:\w+/.exec(await server.cli('INFO', 'replication'))![0],
  await settingsOf(server),
];

beforeEach(async () => {
  server = await startRedis({ password, settings });
  await server.cli('SET', 'key', 'value');
  saved = await save(redis.dump(run, sourceOf(server)));
  before = (await state()).join('\n');
});
afterEach(() => server.stop());

/** Of four commands that begin and four that end. */
const steps = [
  ...[1, 2, 3, 4].map((begun) => [begun, 0] as const),
  ...[1, 2, 3].map((ended) => [4, ended] as const),
];

describe.each(steps)('killed after %i commands that begin and %i that end', (begun, ended) => {
  test('the next restore puts everything right', async () => {
    await kill(server, begun, ended);
    const request = {
      mode: 'replace' as const,
      suffix: 'x',
      expected: saved.fingerprint,
      server: saved.server,
    };
    const { hindrances } = await redis.preview!(run, sourceOf(server), replay(saved), request);
    expect(hindrances).toEqual([]);
    await redis.restore(run, sourceOf(server), replay(saved), request);
    expect((await state()).join('\n')).toBe(before);
  });

  test('so do the next backup, where it needs to, and cleanup', async () => {
    await kill(server, begun, ended);
    expect((await save(redis.dump(run, sourceOf(server)))).fingerprint).toEqual(saved.fingerprint);
    for (const { name, kind, remove } of await redis.leftovers!(run, sourceOf(server))) {
      expect(name).toMatch(/role of a replica and masterauth/);
      expect(kind).toBe('unfinished');
      await remove();
    }
    expect((await state()).join('\n')).toBe(before);
    expect(await redis.leftovers!(run, sourceOf(server))).toEqual([]);
  });
});

/** What differs from before where one command of the clean-up fails, with the former names of settings. */
const failing = [
  { failed: 'REPLICAOF', differs: ['role:slave', 'masterauth', 'replicaof', 'slaveof'] },
  { failed: 'masteruser', differs: ['masterauth', 'masteruser'] },
  { failed: 'replica-read-only', differs: ['masterauth', 'replica-read-only', 'slave-read-only'] },
];

test.each(failing)(
  'where $failed fails in the clean-up, the other steps are done, and the next clean-up does it',
  async ({ failed, differs }) => {
    const client = await connect(run, sourceOf(server));
    const former = await readBefore(client, (await infoOf(client)).run_id!);
    await kill(server, 4, 0);
    const command = async (...words: readonly string[]) => {
      if (words.includes(failed)) throw new Error('refused');
      return client.command(...words);
    };
    await expect(release({ ...client, command }, former)).rejects.toThrow(/^[^;]+: refused$/);
    client.close();
    const left = (await state()).join('\n').split('\n');
    const other = left.filter((line) => !before.split('\n').includes(line));
    expect(other.map((line) => line.split(' ')[0])).toEqual(differs);
    for (const { remove } of await redis.leftovers!(run, sourceOf(server))) await remove();
    expect((await state()).join('\n')).toBe(before);
  },
);

test('a server that is loading what it got is freed once it has loaded', async () => {
  await server.script([
    'CONFIG SET key-load-delay 20000',
    'CONFIG SET loading-process-events-interval-bytes 1024',
  ]);
  before = (await state()).join('\n');
  const client = await connect(run, sourceOf(server));
  const former = await readBefore(client, 'x');
  const marked = markedPassword(run.randomBytes(32), former);
  const origin = await startRedis({ password: marked, settings: { rdbcompression: 'no' } });
  try {
    await origin.script(Array.from({ length: 100 }, (_, n) => `SETRANGE key:${n} 2000 end`));
    await follow(client, marked, origin.host, origin.port);
    await until(async () => (await infoOf(client)).loading === '1');
    await release(client, former);
    expect((await state()).join('\n')).toBe(before);
    expect(await server.cli('DBSIZE')).toBe('100');
  } finally {
    client.close();
    await origin.stop();
  }
});

test('what somebody wrote to the configuration file meanwhile is put right there too', async () => {
  const folder = workFolder('redis-file');
  const file = join(folder, 'redis.conf');
  const port = await freePort();
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `requirepass "${password}"`,
    'masterauth old',
  ];
  writeFileSync(file, lines.join('\n'));
  const cli = (...words: readonly string[]) =>
    captureText('redis-cli', ['-p', `${port}`, '-e', ...words], { env: { REDISCLI_AUTH: password } });
  const start = () => startServer({ program: 'redis-server', args: [file], ready: () => cli('PING') });
  // the server runs as another user, who has to be able to write the file and beside it
  const { chmodSync } = await import('node:fs');
  chmodSync(file, 0o666);
  try {
    const first = await start();
    await cli('SET', 'key', 'value');
    await kill({ port }, 4, 0);
    await cli('CONFIG', 'REWRITE');
    await cli('SAVE');
    await first.stop();
    expect(readFileSync(file, 'utf8')).toContain('grill-backup-restore:');
    const second = await start();
    expect((await save(redis.dump(run, sourceOf({ port })))).fingerprint).toEqual(saved.fingerprint);
    expect(readFileSync(file, 'utf8')).not.toContain('grill-backup-restore:');
    expect(readFileSync(file, 'utf8')).not.toContain('replicaof');
    expect(readFileSync(file, 'utf8')).toMatch(/masterauth "?old/);
    await second.stop();
  } finally {
    await removeFolder(folder);
    expect(existsSync(folder)).toBe(false);
  }
});
