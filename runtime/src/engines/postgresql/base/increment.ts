import { join } from 'node:path';
import type { Client } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import type { Entries } from '../../../core/entries.ts';
import { BackupError, isBackupError } from '../../../core/errors.ts';
import type { PostgresqlSource } from '../client.ts';
import { withReplication } from '../replication/connection.ts';
import { majorOf, serverPrograms, versionOf } from '../tools.ts';
import { manifestName, openCheck } from './check.ts';
import { show } from './show.ts';

/** Since then a server writes down which blocks changed, and sends those alone. */
const leastMajor = 17;

/** What makes one data folder of a base and its increments. */
export const combiner = 'pg_combinebackup';

/** Path of the program of a major version; undefined where it is not installed. */
export const combinerFor = async (context: RunContext, major: number): Promise<string | undefined> => {
  const folder = await serverPrograms(context, major);
  if (folder === undefined) return undefined;
  const program = join(folder, combiner);
  return (await versionOf(context, program)) === undefined ? undefined : program;
};

/** A list of files that is sent to the server is held in memory. @default 64 MiB - some 400,000 files */
const mostListBytes = 64 << 20;
const pieceBytes = 64 << 10;

/** Reads a base to its end, as it is verified, and resolves to its list of files. @throws BackupError archive.* */
const listOf = async (before: Entries): Promise<Buffer> => {
  const check = openCheck('archive.damaged');
  const list: Buffer[] = [];
  let bytes = 0;
  for await (const { name, content } of before)
    for await (const chunk of check.pass(name, content)) {
      if (name !== manifestName) continue;
      bytes += chunk.length;
      if (bytes > mostListBytes)
        throw new BackupError('archive.damaged', `its list of files is longer than ${mostListBytes} bytes`);
      list.push(chunk);
    }
  check.result();
  return Buffer.concat(list);
};

/** Of node-postgres; not in its types, the same since version 8.0. */
interface Connection {
  query: (sql: string) => void;
  sendCopyFromChunk: (bytes: Buffer) => void;
  endCopyFrom: () => void;
}

/**
 * Tells the server what a base before holds, for BASE_BACKUP with INCREMENTAL. @throws DatabaseError where it does not take that
 * https://www.postgresql.org/docs/17/protocol-replication.html
 */
export const upload = (client: Client, list: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    let failure: Error | undefined;
    let connection: Connection;
    client.query({
      submit: (given: unknown) => {
        connection = given as Connection;
        connection.query('UPLOAD_MANIFEST');
      },
      handleCopyInResponse: () => {
        for (let at = 0; at < list.length; at += pieceBytes)
          connection.sendCopyFromChunk(list.subarray(at, at + pieceBytes));
        connection.endCopyFrom();
      },
      handleCommandComplete: () => {},
      handleError: (error: Error) => reject((failure = error)),
      handleReadyForQuery: () => failure ?? resolve(),
      handleRowDescription: () => {},
      handleDataRow: () => {},
      handleEmptyQuery: () => {},
      handlePortalSuspended: () => {},
    });
  });

/** Major of a server that was set up to tell what changed; undefined for another one. */
const majorThatTells = (source: PostgresqlSource): Promise<number | undefined> =>
  withReplication(source, async (client) => {
    const major = majorOf(await show(client, 'server_version'));
    return major >= leastMajor && (await show(client, 'summarize_wal')) === 'on' ? major : undefined;
  });

/** The base before does not help, whatever it is that is wrong with it. */
const isOfBase = (error: unknown): error is BackupError =>
  isBackupError(error) && /^(archive|manifest)\.|^store\.missing$/.test(error.code);

/**
 * The list of files of a base, for a server that can tell what changed since; or why it is of no use to one that could.
 * Nothing of either for another server. @throws BackupError `log.*`, `source.*`, `store.*`
 */
export const listFor = async (
  context: RunContext,
  source: PostgresqlSource,
  before: Entries,
): Promise<{ readonly list?: Buffer; readonly why?: string }> => {
  const major = await majorThatTells(source);
  if (major === undefined) return {};
  if ((await combinerFor(context, major)) === undefined)
    return { why: `${combiner} of PostgreSQL ${major}, which restores increments, is not installed here` };
  try {
    return { list: await listOf(before) };
  } catch (error) {
    if (!isOfBase(error)) throw error;
    return { why: `the base before: ${error.message}` };
  }
};
