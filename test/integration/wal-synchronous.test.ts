import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { postgresql } from '../../runtime/src/engines/postgresql/index.ts';
import { s3Config } from '../../runtime/src/store/config.ts';
import { s3Store } from '../../runtime/src/store/s3.ts';
import { openLogReader } from '../../runtime/src/wal/reader.ts';
import { readStored, readAllStored } from '../../runtime/src/wal/stored.ts';
import { hostileBase, startHostileS3, type HostileS3, type Manner } from '../kit/hostile-s3.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { freePort, removeFolder, workFolder } from '../kit/private-server.ts';
import { toyPlace } from '../kit/received.ts';
import { endReceiver, hasStoredAll, startReceiverProcess } from '../kit/receiver-process.ts';
import { collect } from '../kit/streams.ts';
import { until } from '../kit/until.ts';

const log = postgresql.log!;
const slot = 'grill_backup_test_postgresql';
const segmentBytes = 16 << 20;

/** Pieces wait here while it is set. */
let gate: { readonly opened: Promise<void>; readonly open: () => void } | undefined;
let held = 0;

/** An S3 that takes pieces only when the test lets it. */
const gated: Manner = ({ operation, key }, honest) => {
  const { opened } = gate ?? {};
  if (!opened || operation !== 'PutObject' || !/\/wal\/.*\.wal\./.test(key)) return undefined;
  held++;
  return (response) =>
    void opened.then(() => {
      const { status, headers } = honest();
      response.writeHead(status, headers).end();
    });
};

let server: TestPostgresql;
let s3: HostileS3;
let installation: Installation;
let receiver: ChildProcess | undefined;
let port: number;
const work = workFolder('wal-synchronous');
/** The directory of the plan is not mounted in a receiver's pod. */
const absent = join(work, 'not-mounted');

const s3Of = () => ({ base: hostileBase, endpoint: s3.endpoint, forcePathStyle: true });

const start = async (): Promise<void> => {
  receiver = await startReceiverProcess(installation.env, port);
};

beforeAll(async () => {
  server = await startPostgresql({ settings: { max_slot_wal_keep_size: '1GB' } });
  s3 = await startHostileS3(gated);
  const target = {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: server.host, port: server.port, database: 'postgres' },
    secret: { name: 'pg' },
    pointInTime: { synchronous: true },
  };
  installation = install([target], {
    pg: { username: server.user, password: server.password },
  });
  installation.setSecret('backup-encryption-secret', 's3-access-key', 'a');
  installation.setSecret('backup-encryption-secret', 's3-secret-key', 'b');
  installation.setPlan(
    planFor(absent, [target], {
      stores: { directory: { path: absent }, s3: s3Of() },
      compression: { algorithm: 'zstd' },
    }),
  );
  port = await freePort();
  await server.psql('postgres', 'CREATE TABLE marks (n int)');
  await start();
}, 60_000);

afterAll(async () => {
  gate?.open();
  if (receiver) await endReceiver(receiver, 'SIGKILL');
  await server.stop();
  await s3.stop();
  await installation.dispose();
  await removeFolder(work);
});

const clientOf = async (): Promise<Client> => {
  const { host, user, password } = server;
  const client = new Client({ host, port: server.port, user, password, database: 'postgres' });
  client.on('error', () => {}); // the server is killed
  await client.connect();
  return client;
};

/** Commits a row, and resolves to its transaction when the server acknowledges it. */
const commit = async (client: Client): Promise<string> => {
  const { rows } = await client.query<{ xid: string }>(
    'INSERT INTO marks VALUES (1) RETURNING pg_catalog.txid_current()::text AS xid',
  );
  return rows[0]!.xid;
};

const closeGate = (): void => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  gate = { opened, open };
  held = 0;
};

/** Transactions whose commit is in the stored log, by PostgreSQL's own reader of logs. */
const storedCommits = async (): Promise<ReadonlySet<string>> => {
  const store = await s3Store(s3Config.parse(s3Of()), { accessKey: 'a', secretKey: 'b' });
  const place = toyPlace(store, { target: 'postgresql' });
  const [{ system } = { system: '' }] = await readAllStored(place);
  const { pieces } = await readStored(place, system);
  const from = pieces.map((piece) => piece.from).reduce((least, each) => (each < least ? each : least));
  const reader = await openLogReader(place, log, { system, timeline: 1, from });
  expect(reader.hole).toBeUndefined();
  const chunks: Buffer[] = [];
  for await (const chunk of reader.read(from)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const folder = join(work, 'stored');
  mkdirSync(folder);
  for (let at = 0; at < bytes.length; at += segmentBytes) {
    const segment = Buffer.alloc(segmentBytes);
    bytes.copy(segment, 0, at);
    const number = (Number(from) + at) / segmentBytes;
    writeFileSync(join(folder, `00000001${number.toString(16).toUpperCase().padStart(16, '0')}`), segment);
  }
  const dump = spawn(
    join(server.binDir, 'pg_waldump'),
    ['-p', folder, '-r', 'Transaction', '-s', log.formatPosition(from)],
    { stdio: ['ignore', 'pipe', 'ignore'] }, // it ends with an error where the log ends
  );
  const text = (await collect(dump.stdout)).toString();
  return new Set([...text.matchAll(/tx: +(\d+),.*desc: COMMIT/g)].map(([, xid]) => xid!));
};

describe('a receiver of a plan with S3 and a directory that is not there', () => {
  test('stores and locks in S3 alone', async () => {
    await server.psql('postgres', 'INSERT INTO marks VALUES (0)');
    await until(() => hasStoredAll(port));
    const keys = [...s3.objects.keys()];
    expect(keys.some((key) => key.startsWith('p/wal/postgresql/'))).toBe(true);
    expect(keys.some((key) => key.startsWith('p/locks/postgresql.wal/'))).toBe(true);
    expect(await endReceiver(receiver!, 'SIGTERM')).toBe(0);
    expect(existsSync(absent)).toBe(false);
    await start();
  }, 60_000);
});

describe('commits that wait for the store', () => {
  test('return only when a piece with them is stored', async () => {
    await server.psql('postgres', `ALTER SYSTEM SET synchronous_standby_names = '${slot}'`);
    await server.psql('postgres', 'SELECT pg_reload_conf()');
    const watcher = await clientOf();
    const look = async (sql: string): Promise<string> =>
      (await watcher.query({ text: sql, rowMode: 'array' })).rows.join();
    await until(async () => (await look('SELECT sync_state FROM pg_stat_replication')) === 'sync');
    closeGate();
    const client = await clientOf();
    let isCommitted = false;
    const committing = commit(client).then(() => (isCommitted = true));
    await until(
      async () =>
        held > 0 &&
        (await look(`SELECT wait_event FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)) !== '',
    );
    expect(isCommitted).toBe(false);
    gate!.open();
    gate = undefined;
    await committing;
    await Promise.all([client.end(), watcher.end()]);
  }, 60_000);

  test('are all in the stored log after server and receiver were killed', async () => {
    const acknowledged: string[] = [];
    const writers = await Promise.all([1, 2, 3, 4].map(clientOf));
    const writing = writers.map(async (client) => {
      for (;;) acknowledged.push(await commit(client));
    });
    for (const writer of writing) writer.catch(() => {}); // ends with its server
    await until(() => acknowledged.length > 200, 60);
    const gone = once(receiver!, 'exit');
    process.kill(server.pid, 'SIGKILL');
    receiver!.kill('SIGKILL');
    await gone;
    await Promise.allSettled(writing);
    const stored = await storedCommits();
    expect(acknowledged.filter((xid) => !stored.has(xid))).toEqual([]);
  }, 120_000);
});
