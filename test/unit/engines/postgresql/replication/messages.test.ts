import { expect, test } from '@jest/globals';
import {
  messageReader,
  statusUpdate,
} from '../../../../../runtime/src/engines/postgresql/replication/messages.ts';

const at = new Date('2026-11-29T10:00:00.123Z');
const micros = BigInt(at.getTime() - Date.UTC(2000, 0, 1)) * 1000n;

const logMessage = (log: string): Buffer => {
  const header = Buffer.alloc(25);
  header.write('w');
  header.writeBigUInt64BE(0x1_0000_0000n, 1);
  header.writeBigUInt64BE(0x1_0000_0010n, 9);
  header.writeBigInt64BE(micros, 17);
  return Buffer.concat([header, Buffer.from(log)]);
};

/** What is read of messages that come in pieces of that size, each in the same memory. */
const readIn = (size: number, ...messages: readonly Buffer[]): readonly object[] => {
  const read: object[] = [];
  const take = messageReader(
    (head) => read.push(head),
    (chunk) => read.push({ ...chunk, bytes: Buffer.from(chunk.bytes) }),
  );
  const memory = Buffer.alloc(size);
  for (const message of messages)
    for (let at = 0; at === 0 || at < message.length; at += size)
      take({
        bytes: memory.subarray(0, message.copy(memory, 0, at)),
        begins: at === 0,
        ends: at + size >= message.length,
      });
  return read;
};

const logHead = { kind: 'log', from: 0x1_0000_0000n, end: 0x1_0000_0010n, sentAt: at };

test('log comes with where it begins, the end of the server and its clock', () => {
  expect(readIn(100, logMessage('records'))).toEqual([
    logHead,
    { ...logHead, bytes: Buffer.from('records') },
  ]);
});

test.each([1, 2, 24, 25, 26, 31])('log goes on as it comes, %d bytes at a time', (size) => {
  const [head, ...chunks] = readIn(size, logMessage('records'), logMessage('')) as {
    from: bigint;
    bytes?: Buffer;
  }[];
  expect(head).toEqual(logHead);
  expect(chunks.pop()).toEqual(logHead);
  let from = logHead.from;
  for (const chunk of chunks) {
    expect(chunk.from).toBe(from);
    from += BigInt(chunk.bytes!.length);
  }
  expect(Buffer.concat(chunks.map(({ bytes }) => bytes!)).toString()).toBe('records');
});

test('a server that is alive may want an answer', () => {
  const message = Buffer.alloc(18);
  message.write('k');
  message.writeBigUInt64BE(7n, 1);
  message.writeBigInt64BE(micros, 9);
  message[17] = 1;
  for (const size of [1, 17, 18, 100])
    expect(readIn(size, message)).toEqual([{ kind: 'alive', end: 7n, sentAt: at, wantsReply: true }]);
});

test.each([
  ['of no kind', Buffer.alloc(0)],
  ['of another kind', Buffer.from('x'.repeat(40))],
  ['cut short', logMessage('').subarray(0, 24)],
])('a message %s is refused', (_, message) => {
  expect(() => readIn(100, message)).toThrow(/not a message of a log/);
});

test('a status says what came and what is durable, in the words of the protocol', () => {
  const status = statusUpdate({ received: 9n, durable: 5n, now: at, wantsReply: true });
  expect(status).toHaveLength(34);
  expect(String.fromCharCode(status[0]!)).toBe('r');
  expect([1, 9, 17].map((offset) => status.readBigUInt64BE(offset))).toEqual([9n, 5n, 5n]);
  expect(status.readBigInt64BE(25)).toBe(micros);
  expect(status[33]).toBe(1);
});
