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

test('one step of the clean-up that fails does not keep the others from happening', async () => {
  const client = await connect(run, sourceOf(server));
  const { settings: former } = await readBefore(client, 'x');
  const command = async (...words: readonly string[]) => {
    if (words[0] === 'REPLICAOF' || words[2] === 'masteruser') throw new Error('refused');
    return client.command(...words);
  };
  await server.script([
    'CONFIG SET masterauth other',
    'CONFIG SET masteruser other',
    'CONFIG SET replica-read-only yes',
  ]);
  const attempt = release({ ...client, command }, { settings: former, runId: 'x' });
  await expect(attempt).rejects.toThrow('REPLICAOF NO ONE: refused; CONFIG SET masteruser: refused');
  client.close();
  expect(await server.cli('CONFIG', 'GET', 'masterauth')).toContain('for the old primary');
  expect(await server.cli('CONFIG', 'GET', 'replica-read-only')).toContain('no');
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
