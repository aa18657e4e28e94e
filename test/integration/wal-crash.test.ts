import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PostgresqlSource } from '../../runtime/src/engines/postgresql/client.ts';
import { postgresql } from '../../runtime/src/engines/postgresql/index.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import { openLogReader, type OpenedLog } from '../../runtime/src/wal/reader.ts';
import { readAllStored } from '../../runtime/src/wal/stored.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { freePort, removeFolder, unprivileged, workFolder } from '../kit/private-server.ts';
import { toyPlace } from '../kit/received.ts';
import { endReceiver, hasStoredAll, startReceiverProcess, storedPieces } from '../kit/receiver-process.ts';
import { testRun } from '../kit/run.ts';
import { until } from '../kit/until.ts';

const log = postgresql.log!;
const run = testRun();
const slot = 'grill_backup_test_postgresql';

/** Kills in CI; WAL_KILLS=100 is the whole family. */
const kills = Number(process.env['WAL_KILLS'] ?? 2);

/** A receiver is killed after so many pieces, or before the first one, and so much later: how many it stores in a second is the machine's. */
const mostPieces = 6;
const mostMs = 300;

interface Bench {
  readonly server: TestPostgresql;
  readonly source: PostgresqlSource;
  readonly installation: Installation;
  readonly segmentBytes: bigint;
  /** Folder into which pg_receivewal writes beside the receiver. */
  readonly beside: string;
  readonly port: number;
}

const targetOf = (server: TestPostgresql) => ({
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: server.host, port: server.port, database: 'postgres' },
  secret: { name: 'pg' },
  pointInTime: { interval: '1s', pieceSize: '256Ki' },
});

const startBench = async (settings: Record<string, string> = {}): Promise<Bench> => {
  const server = await startPostgresql({ settings: { max_slot_wal_keep_size: '8GB', ...settings } });
  const target = targetOf(server);
  const installation = install([target], { pg: { username: 'follower', password: 'secret' } });
  installation.setPlan(planFor(installation.backup, [target], { compression: { algorithm: 'zstd' } }));
  await server.psql(
    'postgres',
    `CREATE ROLE follower LOGIN REPLICATION PASSWORD 'secret';
     CREATE TABLE filled (n int, text text);
     SELECT pg_create_physical_replication_slot('beside', true)`,
  );
  const source: PostgresqlSource = {
    name: 'postgresql',
    connection: postgresql.connection.parse(target.connection),
    credentials: { username: server.user, password: server.password },
  };
  const segmentBytes = BigInt(
    (await server.psql('postgres', `SELECT setting FROM pg_settings WHERE name = 'wal_segment_size'`)).trim(),
  );
  return {
    server,
    source,
    installation,
    segmentBytes,
    beside: workFolder('receivewal'),
    port: await freePort(),
  };
};

/** All that was started, to be ended also after a test that failed. */
const started: ChildProcess[] = [];

const startReceiver = async ({ installation, port }: Bench): Promise<ChildProcess> => {
  const child = await startReceiverProcess(installation.env, port);
  started.push(child);
  return child;
};

/** A killed receiver holds the lock of a process that is known to be gone, and its connection is closed by the kernel. */
const kill = (child: ChildProcess): Promise<number | null> => endReceiver(child, 'SIGKILL');

const startBeside = ({ server, beside }: Bench): ChildProcess => {
  const child = spawn(
    join(server.binDir, 'pg_receivewal'),
    [
      '-D',
      beside,
      '-S',
      'beside',
      '--no-sync',
      '-s',
      '1',
      '-h',
      server.host,
      '-p',
      `${server.port}`,
      '-U',
      server.user,
    ],
    { ...unprivileged, env: { ...process.env, PGPASSWORD: server.password }, stdio: 'ignore' },
  );
  started.push(child);
  return child;
};

/** Writes without a pause until it is stopped. */
const load = (server: TestPostgresql) => {
  let isOver = false;
  const working = (async () => {
    for (let round = 0; !isOver; round++)
      await server.psql(
        'postgres',
        `INSERT INTO filled SELECT n, md5(random()::text || n) FROM generate_series(1, 3000) n;
         UPDATE filled SET text = md5(text) WHERE n % 10 = ${round % 10}; DELETE FROM filled WHERE n % 7 = 3`,
      );
  })();
  return async () => {
    isOver = true;
    await working;
  };
};

const openStored = async ({ installation, segmentBytes }: Bench, from: bigint): Promise<OpenedLog> => {
  const place = toyPlace(directoryStore({ path: installation.backup }), {
    target: 'postgresql',
    environment: 'test',
  });
  const [{ system } = { system: '' }] = await readAllStored(place);
  expect(from % segmentBytes).toBe(0n);
  return openLogReader(place, log, { system, timeline: 1, from });
};

/** First byte that pg_receivewal wrote, from the name of its oldest file. */
const firstBeside = ({ beside, segmentBytes }: Bench): bigint => {
  const [oldest] = readdirSync(beside)
    .filter((name) => /^[0-9A-F]{24}(\.partial)?$/.test(name))
    .toSorted();
  const perLog = 0x1_0000_0000n / segmentBytes;
  return (BigInt(`0x${oldest!.slice(8, 16)}`) * perLog + BigInt(`0x${oldest!.slice(16, 24)}`)) * segmentBytes;
};

/** Compares what is stored with the files of pg_receivewal, byte by byte; resolves to how much was compared. */
const compare = async (bench: Bench): Promise<bigint> => {
  const { beside, segmentBytes } = bench;
  const first = firstBeside(bench);
  const reader = await openStored(bench, first);
  expect(reader.hole).toBeUndefined();
  const files = readdirSync(beside).toSorted();
  let position = first;
  let file: Buffer | undefined;
  for await (const bytes of reader.read(first))
    for (let at = 0; at < bytes.length;) {
      const within = Number(position % segmentBytes);
      const name = files[Number((position - first) / segmentBytes)];
      if (within === 0 || !file) file = name === undefined ? undefined : readFileSync(join(beside, name));
      if (!file) return position - first;
      const length = Math.min(bytes.length - at, Number(segmentBytes) - within);
      if (!bytes.subarray(at, at + length).equals(file.subarray(within, within + length)))
        throw new Error(`the log differs within ${name} at ${within}`);
      at += length;
      position += BigInt(length);
    }
  return position - first;
};

/** Waits for as long as a position moves on: how fast it does is the machine's. @throws Error where it stands for five minutes */
const untilReached = async (
  read: () => Promise<bigint>,
  isReached: (position: bigint) => Promise<boolean> | boolean,
): Promise<void> => {
  for (let before = -1n, isThere = false; !isThere;)
    await until(async () => {
      const position = await read();
      const hasMoved = position > before;
      before = position;
      isThere = await isReached(position);
      return isThere || hasMoved;
    }, 300);
};

const untilStored = (bench: Bench, position: bigint): Promise<void> =>
  untilReached(
    async () => (await log.slotState(run, bench.source, slot)).restart!,
    async (restart) => restart + bench.segmentBytes > position && (await hasStoredAll(bench.port)),
  );

/** Position up to which pg_receivewal has written. */
const writtenBeside = async ({ server }: Bench): Promise<bigint> => {
  const written = `SELECT write_lsn FROM pg_stat_replication WHERE application_name = 'pg_receivewal'`;
  return log.parsePosition((await server.psql('postgres', written)).trim())!;
};

const stopBench = async ({ server, installation, beside }: Bench): Promise<void> => {
  await server.stop();
  await installation.dispose();
  await removeFolder(beside);
};

describe('the log of a server under load', () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  }, 60_000);
  afterAll(async () => {
    for (const child of started) await kill(child);
    await stopBench(bench);
  });

  test(
    `is whole after ${kills} kills of its receiver, and byte for byte what pg_receivewal wrote`,
    async () => {
      const { server, source } = bench;
      await log.openSlot(run, source, { name: slot, allowUnlimited: false });
      const beside = startBeside(bench);
      const stopLoad = load(server);
      for (let count = 0; count < kills; count++) {
        const receiver = await startReceiver(bench);
        const before = (await log.slotState(run, source, slot)).restart!;
        const pieces = Math.floor(Math.random() * (mostPieces + 1));
        await until(async () => (await storedPieces(bench.port)) >= pieces, 300);
        await sleep(Math.random() * mostMs);
        await kill(receiver);
        // what was not confirmed is still there, and what was confirmed is stored
        const { restart, status } = await log.slotState(run, source, slot);
        expect(status).not.toBe('lost');
        expect(restart).toBeGreaterThanOrEqual(before);
        const confirmed = (
          await server.psql(
            'postgres',
            `SELECT restart_lsn FROM pg_replication_slots WHERE slot_name = '${slot}'`,
          )
        ).trim();
        const reader = await openStored(bench, firstBeside(bench)).catch(() => undefined);
        if (reader) expect(reader.end).toBeGreaterThanOrEqual(log.parsePosition(confirmed)!);
      }
      const last = await startReceiver(bench);
      await stopLoad();
      const { position } = await log.identify(run, source);
      await untilStored(bench, position);
      await untilReached(
        () => writtenBeside(bench),
        (written) => written >= position,
      );
      expect(await endReceiver(last, 'SIGTERM')).toBe(0);
      await endReceiver(beside, 'SIGTERM');
      expect(await compare(bench)).toBeGreaterThanOrEqual(position - firstBeside(bench));
    },
    600_000 + kills * 60_000,
  );
});
