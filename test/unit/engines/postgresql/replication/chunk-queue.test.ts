import { expect, test } from '@jest/globals';
import { chunkQueue } from '../../../../../runtime/src/engines/postgresql/replication/chunk-queue.ts';

const chunk = (from: bigint, bytes: number) => ({ from, bytes: Buffer.alloc(bytes), sentAt: new Date(0) });

test('tells how much waits, and ends after what was queued', async () => {
  const levels: number[] = [];
  const queue = chunkQueue((bytes) => levels.push(bytes));
  queue.push(chunk(0n, 3));
  queue.push(chunk(10n, 4));
  queue.end();
  const read: bigint[] = [];
  for await (const { from } of queue.chunks) read.push(from);
  expect(read).toEqual([0n, 10n]);
  expect(levels).toEqual([3, 7, 4, 0]);
});

test('what comes while the reader is busy waits together, and has the time of the last of it', async () => {
  const queue = chunkQueue(() => {});
  queue.push({ from: 5n, bytes: Buffer.from('some '), sentAt: new Date(1) });
  queue.push({ from: 10n, bytes: Buffer.from('log'), sentAt: new Date(2) });
  queue.end();
  expect(await Array.fromAsync(queue.chunks)).toEqual([
    { from: 5n, bytes: Buffer.from('some log'), sentAt: new Date(2) },
  ]);
});

test('more than what waits together goes on in the next chunk', async () => {
  const queue = chunkQueue(() => {});
  const bytes = Buffer.from(Array.from({ length: 1_300_000 }, (_, index) => index % 251));
  queue.push({ from: 0n, bytes: bytes.subarray(0, 400_000), sentAt: new Date(0) });
  queue.push({ from: 400_000n, bytes: bytes.subarray(400_000), sentAt: new Date(0) });
  queue.end();
  const read: Buffer[] = [];
  for await (const each of queue.chunks) {
    expect(each.from).toBe(BigInt(read.reduce((sum, { length }) => sum + length, 0)));
    read.push(Buffer.from(each.bytes));
  }
  expect(Buffer.concat(read).equals(bytes)).toBe(true);
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
  'chunks of %d bytes are copied, as their memory is read into again, and each is its own until the next is read',
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
    expect(memory.size).toBeLessThan(10); // used again
  },
);
