import { expect, test } from '@jest/globals';
import {
  joinMessages,
  type Copied,
} from '../../../../../runtime/src/engines/postgresql/replication/copied-messages.ts';
import { splitCopied } from '../../../../../runtime/src/engines/postgresql/replication/copied.ts';

const message = (kind: string, body: string | Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeUInt32BE(Buffer.byteLength(body) + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
};

const row = message('D', 'a row');
const ready = message('Z', 'I');
const wire = Buffer.concat([
  message('H', ''),
  message('d', ''),
  message('d', 'n first'),
  message('d', 'dsome'),
  row,
  message('d', 'd bytes'),
  ready,
]);

/** Feeds bytes in chunks of that size, each in the same memory, as a socket does. */
const feed = (read: (bytes: Buffer) => void, bytes: Buffer, size: number): void => {
  const memory = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) read(memory.subarray(0, bytes.copy(memory, 0, at)));
};

const sizes = [1, 2, 3, 5, 7, 11, 64];

test.each(sizes)(
  'copied messages come in pieces, all else as it is, however it is cut: %d bytes at a time',
  (size) => {
    const [copied, others]: [string[], Buffer[]] = [[], []];
    const read = splitCopied(
      ({ bytes, begins, ends }) => {
        if (begins) copied.push('');
        copied[copied.length - 1] += `${bytes.toString()}${ends ? '.' : ''}`;
      },
      (bytes) => others.push(bytes),
    );
    feed(read, wire, size);
    expect(copied).toEqual(['.', 'n first.', 'dsome.', 'd bytes.']);
    expect(Buffer.concat(others)).toEqual(Buffer.concat([message('H', ''), row, ready]));
  },
);

test('a message that says it is shorter than its own length is refused', () => {
  const read = splitCopied(
    () => {},
    () => {},
  );
  expect(() => read(Buffer.from('6400000003', 'hex'))).toThrow('the server sent a message of -1 bytes');
});

const joined = (bytes: Buffer, size: number): readonly Copied[] => {
  const all: Copied[] = [];
  const { take, flush } = joinMessages((copied) => all.push(copied));
  feed(
    splitCopied(take, () => {}),
    bytes,
    size,
  );
  flush();
  return all;
};

test.each(sizes)(
  'data of many messages goes on together, up to the next message: %d bytes at a time',
  (size) => {
    const bytes = Buffer.concat(
      [wire, message('d', 'm'), message('d', 'dmore')].filter((each) => each !== ready),
    );
    const told = joined(bytes.subarray(10), size).map((copied) =>
      'data' in copied ? `data ${copied.data.toString()}` : `message ${copied.message.toString()}`,
    );
    expect(told).toEqual(['message n first', 'data some bytes', 'message m', 'data more']);
  },
);

test('data goes on in pieces of a mebibyte', () => {
  const content = Buffer.from(Array.from({ length: 5 << 19 }, (_, index) => index % 251));
  const messages: Buffer[] = [];
  for (let at = 0; at < content.length; at += 30_000)
    messages.push(message('d', Buffer.concat([Buffer.from('d'), content.subarray(at, at + 30_000)])));
  const data = joined(Buffer.concat(messages), 65_536).map((copied) =>
    'data' in copied ? copied.data : Buffer.alloc(0),
  );
  expect(data.map(({ length }) => length)).toEqual([1 << 20, 1 << 20, 1 << 19]);
  expect(Buffer.concat(data).equals(content)).toBe(true);
});

test('a message that has no end is refused before it fills the memory', () => {
  expect(() => joined(message('d', `n${'x'.repeat(100_000)}`), 4096)).toThrow(
    'the server sent a message of more than 65536 bytes',
  );
});
