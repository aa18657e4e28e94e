import { expect, test } from '@jest/globals';
import { createServer, connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { collect } from '../../../../runtime/src/core/process.ts';
import { readPayload } from '../../../../runtime/src/engines/redis/replication.ts';
import { RespReader } from '../../../../runtime/src/engines/redis/resp.ts';

const marker = 'abcdefghij'.repeat(4);
const body = Buffer.from(`first ${marker.slice(0, 39)} $EOF: \r\n ${marker.slice(1)} last`);

/** What a client reads of bytes that were sent in pieces of `size`. */
const received = async (bytes: Buffer, size: number): Promise<Buffer> => {
  const server = createServer((socket) => void send(socket)).listen(0, '127.0.0.1');
  const send = async (socket: Socket) => {
    socket.setNoDelay(true).on('error', () => {});
    for (let at = 0; at < bytes.length; at += size) {
      socket.write(bytes.subarray(at, at + size));
      await new Promise(setImmediate);
    }
    socket.end();
  };
  await once(server, 'listening');
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  try {
    return await collect(readPayload(new RespReader(client)));
  } finally {
    client.destroy();
    server.close();
  }
};

const withMarker = Buffer.concat([
  Buffer.from(`\n\n$EOF:${marker}\r\n`),
  body,
  Buffer.from(marker),
  Buffer.from('\n\n'),
]);
const withLength = Buffer.concat([
  Buffer.from(`\n$${body.length}\r\n`),
  body,
  Buffer.from('*1\r\n$4\r\nPING\r\n'),
]);

test.each([1, 2, 39, 40, 41, 4096])('both framings, in pieces of %i bytes', async (size) => {
  expect((await received(withMarker, size)).toString()).toBe(body.toString());
  expect((await received(withLength, size)).toString()).toBe(body.toString());
});

test('a body that ends before its end is an error', async () => {
  await expect(received(withMarker.subarray(0, -10), 4096)).rejects.toThrow(/closed/);
  await expect(received(withLength.subarray(0, 30), 4096)).rejects.toThrow(/closed/);
});

test('an unknown framing is an error', async () => {
  await expect(received(Buffer.from('+CONTINUE\r\n'), 4096)).rejects.toThrow(
    /unexpected answer to PSYNC: \+CONTINUE/,
  );
});
