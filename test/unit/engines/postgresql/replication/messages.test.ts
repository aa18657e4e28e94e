import { expect, test } from '@jest/globals';
import {
  parseMessage,
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

test('log comes with where it begins, the end of the server and its clock', () => {
  const message = logMessage('records');
  expect(parseMessage(message)).toEqual({
    kind: 'log',
    from: 0x1_0000_0000n,
    end: 0x1_0000_0010n,
    sentAt: at,
    bytes: Buffer.from('records'),
  });
});

test('a server that is alive may want an answer', () => {
  const message = Buffer.alloc(18);
  message.write('k');
  message.writeBigUInt64BE(7n, 1);
  message.writeBigInt64BE(micros, 9);
  message[17] = 1;
  expect(parseMessage(message)).toEqual({ kind: 'alive', end: 7n, sentAt: at, wantsReply: true });
});

test.each([
  ['of no kind', Buffer.alloc(0)],
  ['of another kind', Buffer.from('x'.repeat(40))],
  ['cut short', logMessage('').subarray(0, 24)],
])('a message %s is refused', (_, message) => {
  expect(() => parseMessage(message)).toThrow(/not a message of a log/);
});

test('a status says what came and what is durable, in the words of the protocol', () => {
  const status = statusUpdate({ received: 9n, durable: 5n, now: at, wantsReply: true });
  expect(status).toHaveLength(34);
  expect(String.fromCharCode(status[0]!)).toBe('r');
  expect([1, 9, 17].map((offset) => status.readBigUInt64BE(offset))).toEqual([9n, 5n, 5n]);
  expect(status.readBigInt64BE(25)).toBe(micros);
  expect(status[33]).toBe(1);
});
