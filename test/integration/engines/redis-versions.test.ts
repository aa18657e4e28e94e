import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { basename } from 'node:path';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { redisPrograms, seedCommands } from '../../conformance/engines/redis.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';

const run = testRun();
afterAll(run.dispose);

const sourceOf = ({ host, port }: TestRedis) => ({
  name: 'redis',
  connection: { host, port },
  credentials: {},
});

/** What only some versions know; an error says that this one does not. */
const special: readonly (readonly string[])[] = [
  ['HSET', 'hash:mortal', 'a', '1', 'b', '2'],
  ['HPEXPIRE', 'hash:mortal', '3600000', 'FIELDS', '1', 'a'], // redis 7.4, valkey 9
  ['HSET', 'hash:doomed', 'a', '1'],
  ['HPEXPIRE', 'hash:doomed', '3600000', 'FIELDS', '1', 'a'],
  ['VADD', 'vectors', 'VALUES', '3', '1', '2', '3', 'element'], // redis 8
  ['FUNCTION', 'LOAD', `#!lua name=grill\nredis.register_function('f', function() return 1 end)`], // redis 7
  ['SCRIPT', 'LOAD', `return '${'grill '.repeat(1000)}'`], // which redis 6 saves
];

const programs = redisPrograms.map((program) => ({ name: basename(program), program }));
const archives = new Map<string, Saved>();

beforeAll(async () => {
  for (const { name, program } of programs) {
    const server = await startRedis({ program });
    try {
      await server.script(seedCommands);
      for (const words of special) await server.cli(...words).catch(() => {});
      archives.set(name, await save(redis.dump(run, sourceOf(server))));
    } finally {
      await server.stop();
    }
  }
}, 120_000);

const pairs = programs.flatMap((from) => programs.map((to) => ({ from: from.name, ...to })));

describe.each(pairs)('an archive of $from into $name', ({ from, program }) => {
  test('is restored and equal, or refused while all is as it was', async () => {
    const saved = archives.get(from)!;
    const server = await startRedis({ program });
    try {
      await server.cli('SET', 'live', '1');
      const outcome = await redis
        .restore(run, sourceOf(server), replay(saved), {
          ...{ mode: 'replace', suffix: 'x', expected: saved.fingerprint, server: saved.server },
        })
        .then(
          () => 'restored',
          (error: Error) => error.message,
        );
      if (outcome === 'restored')
        expect(await redis.fingerprint(run, sourceOf(server), run.now())).toEqual(saved.fingerprint);
      else expect(outcome).toMatch(/reads RDB up to|no module|which is newer than/);
      expect(await server.cli('EXISTS', 'live')).toBe(outcome === 'restored' ? '0' : '1');
      expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
    } finally {
      await server.stop();
    }
  });
});
