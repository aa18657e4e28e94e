import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { rateLimited } from '../../../runtime/src/store/rate-limited-store.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import type { StoreFixture } from '../../conformance/stores/fixture.ts';
import { collect, randomStream } from '../../kit/streams.ts';

const KiB = 1024;
const rate = 100 * KiB;

let fixture: StoreFixture;
let plain: Store;
beforeAll(async () => {
  fixture = await startDirectory();
});
afterAll(() => fixture.stop());
beforeEach(async () => {
  plain = await fixture.open();
});

/** A clock that only pauses move on. */
const clock = () => {
  let ms = 0;
  return {
    nowMs: () => ms,
    pause: (pauseMs: number) => {
      ms += pauseMs;
      return Promise.resolve();
    },
    seconds: () => ms / 1000,
    wait: (seconds: number) => void (ms += seconds * 1000),
  };
};

describe('a limited store', () => {
  test.each([
    ['put', 1],
    ['put of a function', 1],
    ['get', 1],
  ])('%s takes its bytes over its rate, after the first second for free', async (kind) => {
    const pace = clock();
    const store = rateLimited(plain, rate, undefined, pace);
    const stream = () => randomStream(10 * rate, 10 * KiB);
    if (kind === 'get') {
      await plain.put('redis/a', stream());
      await collect(store.get('redis/a'));
    } else await store.put('redis/a', kind === 'put' ? stream() : stream);
    expect(pace.seconds()).toBeCloseTo(9, 5);
    expect((await plain.head('redis/a'))!.bytes).toBe(10 * rate);
  });

  test('twice the rate takes half the time', async () => {
    const seconds = await Promise.all(
      [1, 2].map(async (factor) => {
        const pace = clock();
        await rateLimited(plain, factor * rate, undefined, pace).put(
          `redis/${factor}`,
          randomStream(21 * rate, 10 * KiB),
        );
        return pace.seconds() + 1;
      }),
    );
    expect(seconds[0]! / seconds[1]!).toBeCloseTo(2, 5);
  });

  test('uploads and downloads share one limit, and silence saves up no more than a second', async () => {
    const pace = clock();
    const store = rateLimited(plain, rate, undefined, pace);
    await store.put('redis/a', randomStream(3 * rate, 10 * KiB));
    await collect(store.get('redis/a'));
    expect(pace.seconds()).toBeCloseTo(5, 5);
    pace.wait(100);
    await store.put('redis/b', randomStream(3 * rate, 10 * KiB));
    expect(pace.seconds()).toBeCloseTo(107, 5);
  });

  test('changes no byte', async () => {
    const store = rateLimited(plain, rate, undefined, clock());
    const content = await collect(randomStream(300 * KiB));
    const body = async function* () {
      yield content;
    };
    await store.put('redis/a', body());
    expect((await collect(store.get('redis/a', 1000))).equals(content.subarray(1000))).toBe(true);
  });

  test('a stop ends the waiting', async () => {
    const controller = new AbortController();
    const store = rateLimited(plain, 64 * KiB, controller.signal);
    const put = store.put('redis/a', randomStream(1000 * 64 * KiB), { signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(put).rejects.toMatchObject({ code: 'run.interrupted' });
    expect(await fixture.leftovers(plain)).toEqual([]);
  });
});

describe('stores.s3.bandwidth', () => {
  const parse = (bandwidth: string) => s3Config.safeParse({ base: 's3://bucket', bandwidth });
  test.each(['50Mi', '64Ki', '1.5M', '1000000'])('%s is a bandwidth', (text) =>
    expect(parse(text).success).toBe(true),
  );
  test.each([
    ['10Ki', 'expected at least 64Ki'],
    ['0', 'expected at least 64Ki'],
    ['fast', 'expected bytes per second such as 50Mi'],
    ['50 Mi', 'expected bytes per second such as 50Mi'],
  ])('%s is none', (text, message) => expect(parse(text).error?.issues[0]?.message).toBe(message));
});
