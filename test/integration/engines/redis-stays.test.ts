import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect as open, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect } from '../../../runtime/src/engines/redis/client.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { encodeCommand } from '../../../runtime/src/engines/redis/resp.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

const run = testRun();
afterAll(run.dispose);

let server: TestRedis;
let saved: Saved;
let between: Server;

const sourceOf = (port: number) => ({
  name: 'redis',
  connection: { host: '127.0.0.1', port },
  credentials: {},
});

/** Once the server has followed and takes writes again, the last setting goes on with what `released` adds to it. */
const watch = async (released: () => Promise<string>): Promise<number> => {
  let followed = false;
  const pass = async (chunk: Buffer, to: Socket): Promise<void> => {
    const text = chunk.toString('latin1');
    followed ||= /REPLICAOF\r\n\$9\r\n127/.test(text);
    const last = followed && /CONFIG\r\n.*masterauth\r\n\$0\r\n/s.test(text);
    to.write(last ? text + (await released()) : text, 'latin1');
  };
  between = createServer((client) => {
    const to = open(server.port, '127.0.0.1');
    client.on('data', (chunk) => void pass(Buffer.from(chunk), to)).on('close', () => to.destroy());
    to.pipe(client);
    for (const socket of [client, to]) socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  return (between.address() as AddressInfo).port;
};

const restore = async (released: () => Promise<string>) =>
  redis.restore(run, sourceOf(await watch(released)), replay(saved), {
    ...{ mode: 'replace', suffix: 'x', expected: saved.fingerprint, server: saved.server },
  });

/** A key goes without that any client had been there: on the restore's own connection. */
const lose = () => Promise.resolve(encodeCommand(['UNLINK', 'key:1']));

const note = expect.stringMatching(/clients may have changed.*db0/);

beforeEach(async () => {
  server = await startRedis();
  await server.script(['SET key:1 one', 'SET key:2 two']);
  saved = await save(redis.dump(run, sourceOf(server.port)));
  await until(async () => (await server.cli('INFO', 'clients')).includes('connected_clients:1\r\n'));
});
afterEach(async () => {
  between.close();
  await server.stop();
});

test('keys that go after the comparison, while no client is there, are a failure', async () => {
  await expect(restore(lose)).rejects.toEqual(
    expect.objectContaining({
      code: 'restore.mismatch',
      message: expect.stringMatching(/restored data does not stay: .*db0/),
    }),
  );
  expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
});

test('what a client that comes and goes changes is a note', async () => {
  const { notes } = await restore(async () => {
    await server.cli('DEL', 'key:1');
    return '';
  });
  expect(notes).toContainEqual(note);
});

test('so is it where a client has been there before', async () => {
  const client = await connect(run, sourceOf(server.port));
  const { notes } = await restore(async () => {
    await client.command('DEL', 'key:1');
    return '';
  });
  client.close();
  expect(notes).toContainEqual(note);
});

test('no client has changed anything: no note of it', async () => {
  const { notes } = await restore(() => Promise.resolve(''));
  expect(notes).not.toContainEqual(note);
});
