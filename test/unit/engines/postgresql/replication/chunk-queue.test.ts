import { expect, test } from '@jest/globals';
import { chunkQueue } from '../../../../../runtime/src/engines/postgresql/replication/chunk-queue.ts';

const chunk = (from: bigint, bytes: number) => ({ from, bytes: Buffer.alloc(bytes), sentAt: new Date(0) });

test('tells how much waits, and ends after what was queued', async () => {
  const levels: number[] = [];
  const queue = chunkQueue((bytes) => levels.push(bytes));
  queue.push(chunk(0n, 3));
  queue.push(chunk(3n, 4));
  queue.end();
  const read: bigint[] = [];
  for await (const { from } of queue.chunks) read.push(from);
  expect(read).toEqual([0n, 3n]);
  expect(levels).toEqual([3, 7, 4, 0]);
});

test('an error comes after what came before it; the first one counts', async () => {
  const queue = chunkQueue(() => {});
  queue.push(chunk(0n, 1));
  queue.end(new Error('the first'));
  queue.end(new Error('the second'));
  queue.end();
  const reader = queue.chunks[Symbol.asyncIterator]();
  expect((await reader.next()).value.from).toBe(0n);
  await expect(reader.next()).rejects.toThrow('the first');
});

test('a reader waits for what is pushed later', async () => {
  const queue = chunkQueue(() => {});
  const reader = queue.chunks[Symbol.asyncIterator]();
  const next = reader.next();
  queue.push(chunk(5n, 1));
  expect((await next).value.from).toBe(5n);
  const last = reader.next();
  queue.end();
  expect((await last).done).toBe(true);
});

test.each([10, 100_000, 200_000])(
  'chunks of %d bytes are copied, as the parser writes over its messages, and each is its own until the next is read',
  async (bytes) => {
    const queue = chunkQueue(() => {});
    const message = Buffer.alloc(bytes);
    for (let number = 1; number <= 5; number++) {
      message.fill(number);
      queue.push({ from: BigInt(number), bytes: message, sentAt: new Date(0) });
    }
    const reader = queue.chunks[Symbol.asyncIterator]();
    const memory = new Set<ArrayBufferLike>();
    for (let number = 1; number <= 30; number++) {
      const { value } = await reader.next();
      expect(value.bytes.equals(Buffer.alloc(bytes, number))).toBe(true);
      memory.add(value.bytes.buffer);
      message.fill(number + 5);
      queue.push({ from: 0n, bytes: message, sentAt: new Date(0) });
    }
    if (bytes === 100_000) expect(memory.size).toBeLessThan(10); // used again
  },
);
