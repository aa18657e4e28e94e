import { expect, test } from '@jest/globals';
import { readAhead } from '../../../runtime/src/core/read-ahead.ts';
import { brokenStream, collect, randomStream, streamOf } from '../../kit/streams.ts';

test('passes everything on, in order', async () => {
  const bytes = await collect(randomStream(1_000_000, 10_007));
  async function* source(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 9_001) yield bytes.subarray(at, at + 9_001);
  }
  expect((await collect(readAhead(source(), 50_000))).equals(bytes)).toBe(true);
  expect(await collect(readAhead(streamOf(), 10))).toHaveLength(0);
});

test('reads ahead of its reader, and no further than it may', async () => {
  let given = 0;
  async function* source(): AsyncGenerator<Buffer> {
    for (; given < 100; given++) yield Buffer.alloc(10);
  }
  const reader = readAhead(source(), 50);
  await reader.next();
  await new Promise((resolve) => setImmediate(resolve));
  expect(given).toBeGreaterThan(2);
  expect(given).toBeLessThanOrEqual(7);
  await reader.return(undefined);
});

test('an error comes after what was read before it', async () => {
  const chunks: string[] = [];
  const reading = (async () => {
    for await (const chunk of readAhead(brokenStream(new Error('dump tool died'), 'a', 'b'), 100))
      chunks.push(chunk.toString());
  })();
  await expect(reading).rejects.toThrow('dump tool died');
  expect(chunks).toEqual(['a', 'b']);
});

test('a reader that stops early stops the source', async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<Buffer> {
    try {
      for (;;) yield Buffer.alloc(10);
    } finally {
      closed = true;
    }
  }
  for await (const _chunk of readAhead(endless(), 30)) break;
  await new Promise((resolve) => setImmediate(resolve));
  expect(closed).toBe(true);
});
