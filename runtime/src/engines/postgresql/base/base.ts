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
import { listFor, upload } from './increment.ts';
import { show } from './show.ts';
import { openEntries, type Around } from './stream.ts';

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

/** What the server itself says against sending only what changed, and not that it is away or stops. */
const isRefused = (error: unknown): error is Error =>
  /^(?!08|57)[0-9A-Z]{5}$/.test(String((error as { code?: unknown }).code));

/** @param list of the files of a base, for what changed since. @default all is copied */
const copied = async (
  context: RunContext,
  source: PostgresqlSource,
  list: Buffer | undefined,
): Promise<BaseDump> => {
  const client = await connectReplication(source);
  const close = (): Promise<void> => client.end();
  try {
    const server = await readServer(client);
    if (list) await upload(client, list);
    const check = openCheck('dump.damaged');
    const around: Around = {};
    const isIncrement = list !== undefined;
    const entries = await openEntries(context, client, { label: names.program, isIncrement, around });
    return {
      server: { product: 'PostgreSQL', version: server.version, tools: {} },
      entries: checked(explained(entries), check),
      facts: () => Promise.resolve().then(() => factsOf(server, around, check.result())),
      isIncrement,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** What changed; where that cannot be told, all, and why. */
const copiedSince = async (
  context: RunContext,
  source: PostgresqlSource,
  before: Entries | undefined,
): Promise<BaseDump> => {
  const { list, why } = before ? await listFor(context, source, before) : {};
  const all = async (whyWhole: string | undefined): Promise<BaseDump> => ({
    ...(await copied(context, source, undefined)),
    ...(whyWhole !== undefined && { whyWhole }),
  });
  if (!list) return all(why);
  return copied(context, source, list).catch((error: unknown) => {
    if (!isRefused(error)) throw error;
    return all(error.message);
  });
};

/**
 * Copies the data folder of a server that runs, by the replication command BASE_BACKUP: needs REPLICATION and nothing else. It
 * is compared with PostgreSQL's own list of files as it passes; the log of it is the receiver's. From PostgreSQL 17 on a server with
 * `summarize_wal` gets the list of a base before, and sends only what changed since; where it cannot, it sends all.
 * @throws BackupError `log.hba`, `log.role`, `source.*`; entries: `dump.failed`, `dump.damaged`
 */
export const base = (context: RunContext, source: PostgresqlSource, before?: Entries): Promise<BaseDump> =>
  copiedSince(context, source, before).catch((error: unknown) => {
    throw failed(error);
  });
