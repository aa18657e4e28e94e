import type { Client } from 'pg';
import { names } from '../../../contract/names.ts';
import type { RunContext } from '../../../core/context.ts';
import type { DumpEntry, Entries } from '../../../core/entries.ts';
import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import type { BaseDump, BaseFacts } from '../../engine-log.ts';
import { queryRow, type PostgresqlSource } from '../client.ts';
import { connectReplication } from '../replication/connection.ts';
import { parsePosition } from '../replication/positions.ts';
import { majorOf } from '../tools.ts';
import { openCheck, type Checked } from './check.ts';
import { baseEntries, type Around } from './stream.ts';

/** Since then a base is one stream with its list of files in it. */
const leastMajor = 15;

/** What the server says of itself before a base. */
interface Server {
  readonly version: string;
  readonly system: string;
  readonly checksums: boolean;
  /** Of the files of the log. */
  readonly segmentBytes: bigint;
}

const units: Readonly<Record<string, bigint>> = { B: 1n, kB: 1n << 10n, MB: 1n << 20n, GB: 1n << 30n };

/** `16MB` → bytes. */
const bytesOf = (text: string): bigint => {
  const [, number = '', unit = ''] = /^(\d+)([kMG]?B)$/.exec(text) ?? [];
  const scale = units[unit];
  if (scale === undefined) throw new BackupError('source.unsupported', `the server has a size of ${text}`);
  return BigInt(number) * scale;
};

const show = async (client: Client, name: string): Promise<string> =>
  Object.values(await queryRow<Record<string, string>>(client, `SHOW ${name}`))[0] ?? '';

/** @throws BackupError source.unsupported */
const readServer = async (client: Client): Promise<Server> => {
  const [version = ''] = (await show(client, 'server_version')).split(' ');
  if (!(majorOf(version) >= leastMajor))
    throw new BackupError(
      'source.unsupported',
      `the server is postgresql ${version}; bases are taken of ${leastMajor} and newer`,
    );
  const { systemid } = await queryRow<{ systemid: string }>(client, 'IDENTIFY_SYSTEM');
  return {
    version,
    system: systemid,
    checksums: (await show(client, 'data_checksums')) === 'on',
    segmentBytes: bytesOf(await show(client, 'wal_segment_size')),
  };
};

const failed = (error: unknown): BackupError => {
  if (isBackupError(error)) return error;
  const { code } = error as { code?: string };
  return new BackupError(
    code === '42501' ? 'source.refused' : 'dump.failed',
    `postgresql: ${messageOf(error)}`,
    {
      cause: error,
    },
  );
};

/** Errors of the stream, in words of this program. */
async function* explained<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* source;
  } catch (error) {
    throw failed(error);
  }
}

const positionOf = (text: string | null | undefined, what: string): bigint => {
  const position = parsePosition(text ?? '');
  if (position === undefined) throw new BackupError('dump.damaged', `the base names no ${what}: ${text}`);
  return position;
};

const labelled = (label: string, field: string): string | undefined =>
  new RegExp(`^${field}: (\\S+)`, 'm').exec(label)?.[1];

/** What server, label and list of files say of a base; they must agree. @throws BackupError dump.damaged */
export const factsOf = (server: Server, around: Around, { backupLabel, ranges }: Checked): BaseFacts => {
  const [start, timeline] = around.start ?? [];
  const redo = labelled(backupLabel, 'START WAL LOCATION');
  const range = ranges.map((each) => `${each.timeline} ${each.start}`).join();
  if (!around.end || redo !== start || range !== `${timeline} ${start}`)
    throw new BackupError(
      'dump.damaged',
      'the server contradicts itself about where the log of the base begins',
    );
  const from = positionOf(redo, 'beginning');
  return {
    system: server.system,
    timeline: Number(timeline),
    start: from - (from % server.segmentBytes), // a reader of the log begins at the head of a file
    redo: from,
    end: positionOf(around.end[0], 'end'),
    checksums: server.checksums,
  };
};

async function* checked(entries: Entries, check: ReturnType<typeof openCheck>): AsyncGenerator<DumpEntry> {
  for await (const { name, content } of entries)
    yield { name, content: check.pass(name, explained(content)) };
}

/**
 * Copies the data folder of a server that runs, by the replication command BASE_BACKUP: needs REPLICATION and nothing else. It
 * is compared with PostgreSQL's own list of files as it passes; the log of it is the receiver's.
 * @throws BackupError `log.hba`, `log.role`, `source.*`; entries: `dump.failed`, `dump.damaged`
 */
export const base = async (context: RunContext, source: PostgresqlSource): Promise<BaseDump> => {
  const client = await connectReplication(source);
  const close = (): Promise<void> => client.end();
  try {
    const server = await readServer(client);
    const check = openCheck('dump.damaged');
    const around: Around = {};
    return {
      server: { product: 'PostgreSQL', version: server.version, tools: {} },
      entries: checked(explained(baseEntries(context, client, names.program, around)), check),
      facts: () => Promise.resolve().then(() => factsOf(server, around, check.result())),
      close,
    };
  } catch (error) {
    await close();
    throw failed(error);
  }
};
