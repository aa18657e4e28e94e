import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mostBytes, readSmall } from '../../runtime/src/store/size-limits.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { listed } from '../kit/objects.ts';
import { collect, streamOf } from '../kit/streams.ts';
import { startDirectory } from './stores/directory.ts';
import type { StoreFixture } from './stores/fixture.ts';
import { startS3Fixture } from './stores/s3.ts';

const startFarDirectory = () => startDirectory(() => false);

const fixtures = {
  directory: startDirectory,
  'directory, far away,': startFarDirectory,
  s3: startS3Fixture,
} as const;

const MiB = 1 << 20;
const startMs = 90_000;
const archive = 'postgresql/postgresql_20240101_020000.tar.gz.enc';
const later = 'postgresql/postgresql_20240102_020000.tar.gz.enc';
const alias = 'postgresql/latest_backup.tar.gz.enc';
const copyOf = 'postgresql/weekly/postgresql_weekly_20240107_020000.tar.gz.enc';

/** Slices of uneven size, so that no border of a chunk is a border of a part. */
async function* slices(content: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < content.length; start += 65_521) yield content.subarray(start, start + 65_521);
}

async function* breaking(content: Buffer): AsyncGenerator<Buffer> {
  yield* slices(content);
  throw new Error('the dump tool died');
}

/** Says when all of `content` was taken, then gives nothing more and does not end. */
async function* stalling(content: Buffer, reached: () => void): AsyncGenerator<Buffer> {
  yield* slices(content);
  reached();
  await new Promise(() => {});
}

const sha256 = async (stream: AsyncIterable<Buffer>): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of stream) hash.update(chunk);
  return hash.digest('hex');
};

const keysOf = async (store: Store, prefix: string): Promise<readonly string[]> =>
  (await listed(store, prefix)).map(({ key }) => key);

const contentOf = async (store: Store, key: string): Promise<string> =>
  (await collect(store.get(key))).toString();

describe.each(Object.entries(fixtures))('a %s store', (name, start) => {
  let fixture: StoreFixture;
  let store: Store;
  beforeAll(async () => {
    fixture = await start();
  }, startMs);
  afterAll(() => fixture?.stop(), startMs);
  beforeEach(async () => {
    store = await fixture.open();
  });

  test('says what it is', () => {
    expect(store.kind).toBe(name.split(',')[0]);
  });

  test.each([0, 1, 5 * MiB + 1, 8 * MiB, 40 * MiB])(
    'gives back %d bytes as they were put',
    async (bytes) => {
      const content = randomBytes(bytes);
      const begun = Date.now();
      expect(await store.put(archive, slices(content))).toBe(bytes);
      expect(await sha256(store.get(archive))).toBe(await sha256(slices(content)));
      const found = await store.head(archive);
      expect(found).toMatchObject({ key: archive, bytes });
      expect(Math.abs(found!.modified.getTime() - begun)).toBeLessThan(60_000);
      expect(await fixture.leftovers(store)).toEqual([]);
    },
    60_000,
  );

  test('takes a body as a function', async () => {
    await store.put(archive, () => streamOf('from a function'));
    expect(await contentOf(store, archive)).toBe('from a function');
  });

  test('gives bytes from a start, up to none at the end, and refuses a start beyond', async () => {
    await store.put(archive, streamOf('0123456789'));
    expect((await collect(store.get(archive, 7))).toString()).toBe('789');
    expect(await collect(store.get(archive, 10))).toHaveLength(0);
    await expect(collect(store.get(archive, 11))).rejects.toMatchObject({ code: 'store.failed' });
  });

  test.each([1, 20 * MiB])('leaves nothing of a body that breaks after %d bytes', async (bytes) => {
    await expect(store.put(archive, breaking(randomBytes(bytes)))).rejects.toThrow('the dump tool died');
    expect(await store.head(archive)).toBeUndefined();
    expect(await keysOf(store, '')).toEqual([]);
    expect(await fixture.leftovers(store)).toEqual([]);
  });

  test.each([1, 20 * MiB])(
    'stops at once when told to, after %d bytes of a body that stalls, and leaves nothing',
    async (bytes) => {
      const stop = new AbortController();
      const reached = Promise.withResolvers<void>();
      const put = store.put(archive, stalling(randomBytes(bytes), reached.resolve), { signal: stop.signal });
      await Promise.race([reached.promise, put]);
      stop.abort();
      await expect(put).rejects.toMatchObject({ code: 'run.interrupted' });
      expect(await keysOf(store, '')).toEqual([]);
      expect(await fixture.leftovers(store)).toEqual([]);
    },
  );

  test('does not begin when told to stop before', async () => {
    const put = store.put(archive, streamOf('too late'), { signal: AbortSignal.abort() });
    await expect(put).rejects.toMatchObject({ code: 'run.interrupted' });
    expect(await keysOf(store, '')).toEqual([]);
  });

  test('never overwrites, unless told to', async () => {
    await store.put(archive, streamOf('first'));
    const second = store.put(archive, streamOf('second'));
    await expect(second).rejects.toMatchObject({
      code: 'store.exists',
      message: expect.stringContaining(archive),
    });
    expect(await contentOf(store, archive)).toBe('first');
    await store.put(archive, streamOf('third'), { replace: true });
    expect(await contentOf(store, archive)).toBe('third');
    expect(await fixture.leftovers(store)).toEqual([]);
  });

  test('lets one of many win that put the same key at once', async () => {
    const puts = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((text) => store.put(archive, streamOf(text))),
    );
    const won = puts.flatMap(({ status }, index) => (status === 'fulfilled' ? ['abcd'[index]] : []));
    expect(won).toHaveLength(1);
    expect(await contentOf(store, archive)).toBe(won[0]);
    const lost = puts
      .filter((put) => put.status === 'rejected')
      .map(({ reason }) => (reason as { code: string }).code);
    expect(lost).toEqual(['store.exists', 'store.exists', 'store.exists']);
  });

  test('says what is missing', async () => {
    const missing = { code: 'store.missing', message: expect.stringContaining(archive) };
    await expect(collect(store.get(archive))).rejects.toMatchObject(missing);
    await expect(store.copy(archive, copyOf)).rejects.toMatchObject(missing);
    expect(await store.head(archive)).toBeUndefined();
    expect(await store.resolve(alias)).toBeUndefined();
    expect(await keysOf(store, 'postgresql/')).toEqual([]);
    await store.remove(archive);
  });

  test('removes an object, and an alias without its object', async () => {
    await store.put(archive, streamOf('kept'));
    await store.put(later, streamOf('gone'));
    await store.point(alias, archive);
    await store.remove(later);
    await store.remove(alias);
    expect(await keysOf(store, '')).toEqual([archive]);
    expect(await store.resolve(alias)).toBeUndefined();
  });

  test('lists objects under a prefix in key order, without aliases and unfinished ones', async () => {
    for (const key of ['redis/b.c', 'redis/b/d', 'redis/b-e', 'redis/a', 'redis2/a', archive])
      await store.put(key, streamOf(key));
    await store.point('redis/latest_backup', 'redis/a');
    await fixture.leave(store, 'redis/c');
    const all = [archive, 'redis/a', 'redis/b-e', 'redis/b.c', 'redis/b/d', 'redis2/a'];
    expect(await keysOf(store, '')).toEqual(all);
    expect(await keysOf(store, 'redis/')).toEqual(all.slice(1, 5));
    expect(await keysOf(store, 'redis/b')).toEqual(all.slice(2, 5));
    expect(await keysOf(store, 'none/')).toEqual([]);
    for (const after of ['redis/b-e', 'redis/b-f'])
      expect((await listed(store, 'redis/', { after })).map(({ key }) => key)).toEqual(all.slice(3, 5));
    expect(await listed(store, 'redis2/')).toMatchObject([{ key: 'redis2/a', bytes: 8 }]);
  });

  test('lists more than a page', async () => {
    const keys = Array.from({ length: 1010 }, (_, index) => `redis/redis_${String(index).padStart(5, '0')}`);
    for (let done = 0; done < keys.length; done += 50)
      await Promise.all(keys.slice(done, done + 50).map((key) => store.put(key, streamOf('x'))));
    expect(await keysOf(store, 'redis/')).toEqual(keys);
  }, 120_000);

  test('copies without overwriting, and the copy outlives its origin', async () => {
    await store.put(archive, streamOf('content'));
    await store.put(later, streamOf('other'));
    await store.copy(archive, copyOf);
    await expect(store.copy(later, copyOf)).rejects.toMatchObject({
      code: 'store.exists',
      message: expect.stringContaining(copyOf),
    });
    await store.remove(archive);
    expect(await contentOf(store, copyOf)).toBe('content');
    expect(await store.head(copyOf)).toMatchObject({ bytes: 7 });
  });

  test('moves an alias so that it always points to something', async () => {
    await store.point(alias, archive);
    expect(await store.resolve(alias)).toBe(archive);
    const moves = (async () => {
      for (let round = 0; round < 10; round++) await store.point(alias, round % 2 ? archive : later);
    })();
    const seen = await Promise.all(Array.from({ length: 50 }, () => store.resolve(alias)));
    await moves;
    expect([archive, later]).toEqual(expect.arrayContaining([...new Set(seen)]));
    expect(await store.resolve(alias)).toBe(archive);
    expect(await fixture.leftovers(store)).toEqual([]);
  });

  test('reads small objects whole, and none further than its kind may have', async () => {
    const key = 'locks/redis/00000001.json';
    const most = Buffer.alloc(mostBytes.lock, 'x');
    await store.put(key, slices(most));
    expect((await readSmall(store, key, 'lock')).equals(most)).toBe(true);
    await store.put(key, slices(Buffer.concat([most, Buffer.from('y')])), { replace: true });
    await expect(readSmall(store, key, 'lock')).rejects.toMatchObject({
      code: 'store.large',
      message: `${key} has 64 KiB, and a lock has at most 64 KiB`,
    });
    await store.remove(key);
    await expect(readSmall(store, key, 'lock')).rejects.toMatchObject({ code: 'store.missing' });
  });

  test.each([
    '../a',
    'a/../../b',
    '/etc/passwd',
    'a//b',
    'a/',
    '',
    '.',
    'a/./b',
    'a\\b',
    'a\0b',
    'a b',
    'ä',
    'a.partial-0123456789ab',
  ])('refuses the key %j', async (key) => {
    const refused = { code: 'usage.invalid', message: expect.stringContaining(JSON.stringify(key)) };
    await expect(store.put(key, streamOf('x'))).rejects.toMatchObject(refused);
    await expect((async () => collect(store.get(key)))()).rejects.toMatchObject(refused);
    await expect(store.head(key)).rejects.toMatchObject(refused);
    await expect(store.remove(key)).rejects.toMatchObject(refused);
    await expect(store.copy(key, archive)).rejects.toMatchObject(refused);
    await expect(store.copy(archive, key)).rejects.toMatchObject(refused);
    await expect(store.resolve(key)).rejects.toMatchObject(refused);
    await expect(store.point(alias, key)).rejects.toMatchObject(refused);
    await expect(store.point(key, archive)).rejects.toMatchObject(refused);
  });

  test('refuses a prefix that leads out', async () => {
    await expect((async () => keysOf(store, '../'))()).rejects.toMatchObject({ code: 'usage.invalid' });
  });

  test('keeps the names of aliases for aliases, which stay in their folder', async () => {
    const refused = { code: 'usage.invalid' };
    await expect(store.put(alias, streamOf('x'))).rejects.toMatchObject(refused);
    await expect(store.head(alias)).rejects.toMatchObject(refused);
    await expect(store.point('postgresql/newest', archive)).rejects.toMatchObject(refused);
    await expect(store.point(alias, copyOf)).rejects.toMatchObject(refused);
    await expect(store.point(alias, alias)).rejects.toMatchObject(refused);
  });

  test('removes leftovers of killed runs, and only those older than asked', async () => {
    await store.put(archive, streamOf('whole'));
    await fixture.leave(store, later);
    expect(await fixture.leftovers(store)).toHaveLength(1);
    expect(await store.leftovers(new Date(Date.now() - 3_600_000))).toBe(0);
    expect(await store.leftovers(new Date(Date.now() + 60_000))).toBe(1);
    expect(await store.removeLeftovers(new Date(Date.now() - 3_600_000))).toBe(0);
    expect(await fixture.leftovers(store)).toHaveLength(1);
    expect(await store.removeLeftovers(new Date(Date.now() + 60_000))).toBe(1);
    expect(await fixture.leftovers(store)).toEqual([]);
    expect(await contentOf(store, archive)).toBe('whole');
  });
});
