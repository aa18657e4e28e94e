import { afterAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { captureText } from '../../kit/capture.ts';
import { startRedis } from '../../kit/redis.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { testRun } from '../../kit/run.ts';
import { replay, save } from '../../conformance/engines/saved.ts';

const run = testRun();
afterAll(run.dispose);

/** 400 MB together; REDIS_LARGE=1: values of 6 to 500 MB, 1.1 GB together, which is more than a string of V8 holds. */
const [mostMegabytes, values] = process.env.REDIS_LARGE ? [500, 100] : [100, 50];

/** Values that do not compress. */
const fill = `
  math.randomseed(1)
  local parts = {}
  for index = 1, 65536 do parts[index] = string.char(math.random(0, 255)) end
  local block = table.concat(parts)
  for index = 1, ${values} do redis.call('SET', 'value:' .. index, string.rep(block, 16 * 6)) end
  redis.call('SET', 'largest', string.rep(block, 16 * ${mostMegabytes}))`;

/** Less than the data: a process starts with 115, and V8 collects buffers late (180 to 270 were seen). */
const maxMegabytes = 400;

test('values of any size go key by key in bounded memory, and in batches by bytes', async () => {
  const [from, to] = [await startRedis(), await startRedis()];
  try {
    await from.cli('EVAL', fill, '0');
    const child = join(import.meta.dirname, '../../kit/merge-in-child.ts');
    const text = await captureText(process.execPath, [child, `${from.port}`, `${to.port}`]);
    const { peakMegabytes, keys } = JSON.parse(text) as { peakMegabytes: number; keys: number };
    expect(keys).toBe(values + 1);
    expect(peakMegabytes).toBeLessThan(maxMegabytes);
    const digest = 'return redis.sha1hex(redis.call("GET", "largest"))';
    expect(await to.cli('EVAL', digest, '0')).toBe(await from.cli('EVAL', digest, '0'));
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
}, 300_000);

test('a value that is more than the server takes at once is refused before anything changes, and says the setting', async () => {
  const from = await startRedis();
  const to = await startRedis({ settings: { 'proto-max-bulk-len': '2mb' } });
  const sourceOf = ({ host, port }: { host: string; port: number }) => ({
    name: 'redis',
    connection: { host, port },
    credentials: {},
  });
  try {
    await from.cli(
      'EVAL',
      fill.replace(`1, ${values} do`, '1, 1 do').replace(`16 * ${mostMegabytes}`, '1'),
      '0',
    );
    const saved = await save(redis.dump(run, sourceOf(from)));
    const restore = () =>
      redis.restore(run, sourceOf(to), replay(saved), {
        ...{ mode: 'replace', suffix: 'x', expected: saved.fingerprint, server: saved.server, merge: true },
      });
    await expect(restore()).rejects.toEqual(
      expect.objectContaining({
        code: 'restore.refused',
        message: expect.stringMatching(
          /key of 6 MiB.*proto-max-bulk-len, 2 MiB.*CONFIG SET proto-max-bulk-len/,
        ),
      }),
    );
    expect(await to.cli('DBSIZE')).toBe('0');
    await to.cli('CONFIG', 'SET', 'proto-max-bulk-len', '8mb');
    await restore();
    expect(await to.cli('DBSIZE')).toBe('2');
  } finally {
    await Promise.all([from.stop(), to.stop()]);
  }
});
