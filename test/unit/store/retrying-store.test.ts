import { describe, expect, test } from '@jest/globals';
import { BackupError, type FailureCode } from '../../../runtime/src/core/errors.ts';
import { directoryStore } from '../../../runtime/src/store/directory.ts';
import { retrying } from '../../../runtime/src/store/retrying-store.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { listed } from '../../kit/objects.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const quick = { attempts: 3, baseMs: 1 };

/** Passes items on and breaks after each `count` of them. */
async function* brittle<T>(items: AsyncIterable<T>, count: number): AsyncGenerator<T> {
  let left = count;
  for await (const item of items) {
    if (left-- === 0) throw new BackupError('store.unreachable', 'the line broke');
    yield item;
  }
}

/** A folder whose `head` and `put` fail so often, whose every `get` breaks after a chunk, and its first `list` after two. */
const brittleStore = (
  inner: Store,
  failures: number,
  code: FailureCode,
): Store & { readonly calls: () => number } => {
  let calls = 0;
  let lists = 0;
  const failing = async <T>(operation: () => Promise<T>): Promise<T> => {
    if (++calls <= failures) throw new BackupError(code, `failure ${calls}`);
    return operation();
  };
  return {
    ...inner,
    head: (key) => failing(() => inner.head(key)),
    put: (key, body, options) => failing(() => inner.put(key, body, options)),
    get: (key, start) => brittle(inner.get(key, start), 1),
    list: (prefix) => (lists++ ? inner.list(prefix) : brittle(inner.list(prefix), 2)),
    calls: () => calls,
  };
};

const withFolder = async (use: (inner: Store) => Promise<void>): Promise<void> => {
  const path = workFolder('retrying');
  await use(directoryStore({ path })).finally(() => removeFolder(path));
};

describe('retries', () => {
  test('help against what passes', () =>
    withFolder(async (inner) => {
      const brittle = brittleStore(inner, 2, 'store.unreachable');
      expect(await retrying(brittle, undefined, quick).head('a')).toBeUndefined();
      expect(brittle.calls()).toBe(3);
    }));

  test('end, and the last failure is told', () =>
    withFolder(async (inner) => {
      const brittle = brittleStore(inner, 9, 'store.failed');
      await expect(retrying(brittle, undefined, quick).head('a')).rejects.toThrow('failure 3');
      expect(brittle.calls()).toBe(3);
    }));

  test.each(['store.refused', 'store.full', 'dump.failed'] as const)('are not made after %s', (code) =>
    withFolder(async (inner) => {
      const brittle = brittleStore(inner, 1, code);
      await expect(retrying(brittle, undefined, quick).put('a', () => streamOf('x'))).rejects.toMatchObject({
        code,
      });
      expect(brittle.calls()).toBe(1);
    }),
  );

  test('end when the run is stopped', () =>
    withFolder(async (inner) => {
      const brittle = brittleStore(inner, 9, 'store.failed');
      const stopped = retrying(brittle, AbortSignal.abort(), { attempts: 3, baseMs: 60_000 });
      await expect(stopped.head('a')).rejects.toThrow('failure 1');
    }));

  test('put a body again only where it can start anew', () =>
    withFolder(async (inner) => {
      const stream = retrying(brittleStore(inner, 1, 'store.failed'), undefined, quick).put(
        'a',
        streamOf('x'),
      );
      await expect(stream).rejects.toThrow('failure 1');
      const again = retrying(brittleStore(inner, 1, 'store.failed'), undefined, quick).put('a', () =>
        streamOf('whole'),
      );
      expect(await again).toBe(5);
      expect((await collect(inner.get('a'))).toString()).toBe('whole');
    }));

  test('continue a get and a list where they broke', () =>
    withFolder(async (inner) => {
      const content = Buffer.alloc(5 << 20, 'content');
      for (const key of ['a', 'b', 'c', 'd', 'e']) await inner.put(key, streamOf(content));
      const store = retrying(brittleStore(inner, 0, 'store.failed'), undefined, quick);
      expect((await collect(store.get('a', 3))).equals(content.subarray(3))).toBe(true);
      expect((await listed(store, '')).map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd', 'e']);
    }));
});
