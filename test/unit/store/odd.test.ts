import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { appendAudit, readAudit } from '../../../runtime/src/runs/audit.ts';
import { takeLock } from '../../../runtime/src/runs/lock.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { listed } from '../../kit/objects.ts';
import { oddKinds, oddNames } from '../../kit/odd.ts';
import { testRun } from '../../kit/run.ts';
import { collect, streamOf } from '../../kit/streams.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const good = 'redis/redis_20240101_040000.tar.gz.enc';
const key = 'redis/redis_20240102_040000.tar.gz.enc';
const alias = 'redis/latest_backup.tar.gz.enc';
const odd = (name: string) => ({
  code: 'store.odd',
  message: expect.stringContaining(join(store.location, name)),
});

const isFolder = (kind: string): boolean => kind.includes('folder');

describe.each(oddNames)('a %s in a folder', (kind) => {
  const plant = (name: string): void => {
    const path = join(store.location, name);
    mkdirSync(join(path, '..'), { recursive: true });
    oddKinds[kind](path);
  };
  beforeEach(() => store.put(good, streamOf('good')));

  test('is neither read, nor written over, nor listed', async () => {
    plant(key);
    await expect(collect(store.get(key))).rejects.toMatchObject(odd(key));
    await expect(store.head(key)).rejects.toMatchObject(odd(key));
    await expect(store.put(key, streamOf('new'))).rejects.toMatchObject(odd(key));
    await expect(store.copy(good, key)).rejects.toMatchObject(odd(key));
    await expect(store.copy(key, 'redis/other')).rejects.toMatchObject(odd(key));
    expect((await listed(store, '')).map((object) => object.key)).toEqual([good]);
    expect(readdirSync(store.location)).toEqual(['redis']); // no partial file
  });

  test('gives way to what replaces it, unless it is a folder', async () => {
    plant(key);
    const put = store.put(key, streamOf('new'), { replace: true });
    if (isFolder(kind)) return expect(put).rejects.toMatchObject(odd(key));
    await put;
    expect((await collect(store.get(key))).toString()).toBe('new');
    expect(readFileSync('/etc/passwd', 'utf8')).toContain('root');
  });

  test('can be removed, unless it is a folder', async () => {
    plant(key);
    if (isFolder(kind)) return expect(store.remove(key)).rejects.toMatchObject(odd(key));
    await store.remove(key);
    expect((await listed(store, '')).map((object) => object.key)).toEqual([good]);
  });

  test('is no alias, and makes room for one unless it is a folder', async () => {
    plant(alias);
    if (!kind.includes('link')) await expect(store.resolve(alias)).rejects.toMatchObject(odd(alias));
    if (isFolder(kind)) return expect(store.point(alias, good)).rejects.toMatchObject(odd(alias));
    await store.point(alias, good);
    expect(await store.resolve(alias)).toBe(good);
  });

  if (!isFolder(kind))
    test('is no folder', async () => {
      plant('influxdb');
      const inside = { code: 'store.odd', message: expect.stringContaining('not a real folder') };
      await expect(store.put('influxdb/a', streamOf('x'))).rejects.toMatchObject(inside);
      await expect(listed(store, 'influxdb/')).rejects.toMatchObject(inside);
      expect((await listed(store, '')).map((object) => object.key)).toEqual([good]);
    });

  test('does not keep anybody from a lock', async () => {
    const run = testRun();
    await (await takeLock(run, store, 'redis', 'backup')).release();
    for (const generation of ['2', '3', '5']) plant(`locks/redis/0000000${generation}.json`);
    const lock = await takeLock(run, store, 'redis', 'backup');
    await expect(takeLock(run, store, 'redis', 'prune')).rejects.toMatchObject({ code: 'lock.held' });
    await lock.release();
    await (await takeLock(run, store, 'redis', 'prune')).release();
  });

  test('stops a lock after bounded attempts where it has every next name', async () => {
    for (let generation = 1; generation <= 30; generation++)
      plant(`locks/redis/${String(generation).padStart(8, '0')}.json`);
    await expect(takeLock(testRun(), store, 'redis', 'backup')).rejects.toMatchObject({
      code: 'store.failed',
      message: expect.stringContaining('refused 20 locks of redis in a row'),
    });
  });

  test('in the way of the audit trail is named, and what is there is still read', async () => {
    const event = { at: '2024-01-01T00:00:00.000Z', host: 'a', command: 'backup', target: 'redis' };
    const append = () => appendAudit(store, undefined, { ...event, ok: true, figures: {} });
    await append();
    plant('audit/0000000002.json');
    await expect(append()).rejects.toMatchObject(odd('audit/0000000002.json'));
    expect(await Array.fromAsync(readAudit(store))).toMatchObject([{ entry: { sequence: 1 } }]);
  });
});
