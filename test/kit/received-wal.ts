import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from 'node:events';
import type { LogReader } from '../../runtime/src/engines/engine-log.ts';
import { parsePosition } from '../../runtime/src/engines/postgresql/replication/positions.ts';
import { segmentName } from '../../runtime/src/engines/postgresql/recovery/segments.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { TestPostgresql } from './postgresql.ts';
import { removeFolder, unprivileged, workFolder } from './private-server.ts';
import { until } from './until.ts';

/** The log of a server, taken by PostgreSQL's own program. */
export interface ReceivedWal {
  /** A reader of all that the server has written until now. */
  readonly reader: () => Promise<LogReader>;
  readonly stop: () => Promise<void>;
}

const segmentBytes = 16 << 20;

/** A file of the log, also one that is not full yet. */
const fileOf = (folder: string, timeline: number, segment: bigint): string => {
  const path = join(folder, segmentName(timeline, segment, segmentBytes));
  return existsSync(path) ? path : `${path}.partial`;
};

async function* read(folder: string, from: bigint, end: bigint): AsyncGenerator<Buffer> {
  for (let at = from; at < end;) {
    const segment = at / BigInt(segmentBytes);
    const handle = await open(fileOf(folder, 1, segment));
    const offset = Number(at % BigInt(segmentBytes));
    const length = Math.min(1 << 20, segmentBytes - offset, Number(end - at));
    const { buffer, bytesRead } = await handle
      .read(Buffer.alloc(length), 0, length, offset)
      .finally(() => handle.close());
    yield buffer.subarray(0, bytesRead);
    at += BigInt(bytesRead);
  }
}

/** Starts pg_receivewal with a slot of its own, from this moment on. */
export const receiveWal = async (server: TestPostgresql): Promise<ReceivedWal> => {
  const folder = workFolder('wal');
  await server.psql('postgres', `SELECT pg_create_physical_replication_slot('received', true)`);
  const args = [
    '-D',
    folder,
    '-S',
    'received',
    '-h',
    server.host,
    '-p',
    `${server.port}`,
    '-U',
    server.user,
    '--synchronous',
    '-n',
  ];
  const child = spawn(join(server.binDir, 'pg_receivewal'), args, {
    ...unprivileged,
    env: { ...process.env, PGPASSWORD: server.password },
    stdio: 'ignore',
  });
  const end = async (): Promise<bigint> => {
    const text = await server.psql('postgres', 'SELECT pg_current_wal_flush_lsn()');
    const position = mustExist(parsePosition(text.trim()), 'position');
    const sent = `SELECT coalesce(bool_or(flush_lsn >= '${text.trim()}'), false) FROM pg_stat_replication`;
    await until(async () => (await server.psql('postgres', sent)).trim() === 't');
    return position;
  };
  return {
    reader: async () => {
      const endTime = new Date();
      const position = await end();
      const [first = ''] = (await readdir(folder)).toSorted();
      const begins = BigInt(`0x${first.slice(16, 24)}`) * BigInt(segmentBytes);
      return {
        system: (await server.psql('postgres', 'SELECT system_identifier FROM pg_control_system()')).trim(),
        timelines: [{ timeline: 1, from: begins }],
        end: position,
        endTime,
        read: (at) => read(folder, at, position),
        history: () => Promise.resolve(undefined),
      };
    },
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      await ended;
      await removeFolder(folder);
    },
  };
};
