import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { startPrimary, type Primary } from '../../../../runtime/src/engines/redis/primary.ts';
import { encodeCommand, RespReader } from '../../../../runtime/src/engines/redis/resp.ts';
import { testRun, type TestRun } from '../../../kit/run.ts';

let run: TestRun;
let primary: Primary;
let socket: Socket;
let reader: RespReader;

beforeEach(async () => {
  run = testRun();
  const file = join(run.scratchDir, 'dump.rdb');
  writeFileSync(file, 'the data');
  primary = await startPrimary('127.0.0.1', {
    file,
    bytes: 8,
    password: 'secret',
    replicationId: 'a'.repeat(40),
  });
  socket = connect(primary.port, '127.0.0.1');
  await once(socket, 'connect');
  reader = new RespReader(socket);
});

afterEach(async () => {
  socket.destroy();
  primary.close();
  await run.dispose();
});

const send = (...words: readonly string[]) => {
  socket.write(encodeCommand(words));
  return reader.reply();
};

test('the handshake of a replica, with the empty lines it sends while it loads', async () => {
  expect(await send('AUTH', 'secret')).toBe('OK');
  expect(await send('PING')).toBe('PONG');
  expect(await send('REPLCONF', 'listening-port', '6379')).toBe('OK');
  expect(await send('PSYNC', '?', '-1')).toBe(`FULLRESYNC ${'a'.repeat(40)} 1`);
  expect(await reader.nextLine()).toBe('$8');
  expect((await reader.chunks().next()).value?.toString()).toBe('the data');
  expect(primary.requests()).toBe(1);
  socket.write('\n\n\n');
  socket.write(encodeCommand(['REPLCONF', 'ACK', '1']));
  expect(await send('PING')).toBe('PONG');
});

test('who does not know the password gets no data', async () => {
  await expect(send('PSYNC', '?', '-1')).rejects.toThrow(/^NOAUTH/);
  await expect(send('AUTH', 'guess')).rejects.toThrow(/^WRONGPASS/);
  await expect(send('SYNC')).rejects.toThrow(/^NOAUTH/);
  expect(primary.requests()).toBe(0);
});
