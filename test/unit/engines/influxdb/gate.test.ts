import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import type { InfluxdbSource } from '../../../../runtime/src/engines/influxdb/http.ts';
import { openGate } from '../../../../runtime/src/engines/influxdb/v1/gate.ts';

const host = '127.0.0.1';

/** A server that reads nothing of a connection until it is told to, as one that is busy with another shard. */
const startServer = async () => {
  const accepted: Socket[] = [];
  const server = createServer({ pauseOnConnect: true }, (socket) => accepted.push(socket)).listen(0, host);
  await once(server, 'listening');
  const { port: rpcPort } = server.address() as AddressInfo;
  const source = { connection: { host, rpcPort } } as InfluxdbSource;
  return { server, source, accepted };
};

const send = async (address: string, bytes: number): Promise<void> => {
  const client = connect({ host, port: Number(address.split(':')[1]) });
  client.end(Buffer.alloc(bytes, 7));
  client.resume();
  await once(client, 'finish');
};

// larger than what the system keeps for two connections, so that some of it is in the gate
test.each([1, 4096, 32 << 20])('%d bytes reach the server though the program has gone', async (bytes) => {
  const { server, source, accepted } = await startServer();
  let made = 0;
  const gate = await openGate(source, async () => void made++);
  const sent = send(gate.address, bytes);
  if (bytes < 1 << 20) await sent;
  while (accepted.length === 0) await once(server, 'connection');
  const closing = gate.close();
  let read = 0;
  accepted[0]!.on('data', (chunk: Buffer) => (read += chunk.length)).resume();
  await closing;
  expect([read, made]).toEqual([bytes, 1]);
  server.close();
});

test('all connections that were not accepted yet when the program had gone reach the server', async () => {
  const { server, source } = await startServer();
  const read: Promise<string>[] = [];
  server.on('connection', (socket: Socket) => read.push(text(socket.resume())));
  const gate = await openGate(source, () => Promise.resolve());
  const [, port] = gate.address.split(':');
  const shards = Array.from({ length: 12 }, (_, index) => `shard ${index}`);
  const program = `const { connect } = require('node:net');
    const send = (shard) => new Promise((sent) => connect(${port}, '${host}').end(shard).on('finish', sent));
    (async () => { for (const shard of ${JSON.stringify(shards)}) await send(shard); process.exit(); })();`;
  execFileSync(process.execPath, ['--eval', program], { env: { ...process.env, NODE_OPTIONS: '' } }); // nothing is accepted meanwhile
  const closing = gate.close();
  await closing;
  server.close();
  expect((await Promise.all(read)).toSorted()).toEqual(shards.toSorted());
});

test('connections of a program that is gone before the way is free are closed', async () => {
  const { server, source } = await startServer();
  const gate = await openGate(source, () => Promise.reject(new Error('the database cannot be dropped')));
  const client = connect({ host, port: Number(gate.address.split(':')[1]) });
  await once(client, 'close');
  await gate.close();
  server.close();
});
