import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import { run } from '../../core/process.ts';
import type { Fingerprint } from '../engine.ts';
import {
  conninfo,
  dumpEnvironment,
  identifier,
  queryRow,
  withClient,
  type PostgresqlSource,
} from './client.ts';
import { beginSnapshot, countEach, countRows, isCopied, isHashed, listTables, type Table } from './count.ts';
import { fingerprintOf, type Counted } from './counting.ts';
import { readRowTypes } from './row-types.ts';
import { StreamCount } from './stream-count.ts';
import { majorOf, toolsFor } from './tools.ts';

/** What is counted. */
export interface Recounted {
  readonly context: RunContext;
  readonly source: PostgresqlSource;
  readonly database: string;
  /** @default all tables, and the large objects */
  readonly tables?: readonly Table[];
  /** Of the dump that is compared with. @default that of the database */
  readonly encoding?: string;
}

/** What a dump of the data is made with, and what tells its names apart. */
interface Dumping extends Counted {
  readonly version: string;
  readonly snapshot: string;
}

const describeSql = `
  SELECT current_setting('server_version') AS version, current_setting('server_encoding') AS encoding,
    pg_export_snapshot() AS snapshot`;

const unknownForm = (version: string): BackupError =>
  new BackupError(
    'source.unsupported',
    `connection.contentHash: the dumps of pg_dump ${version} have a form that this program does not know`,
  );

const schemasOf = (tables: readonly Table[]): readonly string[] =>
  [...new Set(tables.map(({ schema }) => schema))].map((schema) => `--schema=${identifier(schema)}`);

const pass = async (
  { context, source, database, tables }: Recounted,
  { version, snapshot, encoding }: Dumping,
): Promise<StreamCount> => {
  const tools = await toolsFor(context, majorOf(version));
  const what = ['--data-only', ...schemasOf(tables ?? []), `--dbname=${conninfo(database)}`];
  const dumping = run(context, {
    program: tools.path('pg_dump'),
    args: [
      '--no-password',
      '--format=custom',
      '--compress=0',
      `--encoding=${encoding}`,
      `--snapshot=${snapshot}`,
      ...what,
    ],
    env: dumpEnvironment(source),
    largeWrites: true,
    failure: 'restore.failed',
  });
  dumping.stdin.end();
  const counted = new StreamCount(true);
  for await (const chunk of dumping.stdout) {
    counted.push(chunk);
    if (counted.isUnknown) throw unknownForm(tools.version);
  }
  return counted;
};

/** Rows and content of a database, from what pg_dump prints of it now: the same text that a backup hashes as it passes. */
export const countCopied = (recounted: Recounted): Promise<Fingerprint> =>
  withClient(recounted.source, recounted.database, async (client) => {
    await beginSnapshot(client);
    const described = await queryRow<{ version: string; encoding: string; snapshot: string }>(
      client,
      describeSql,
    );
    const tables = recounted.tables ?? (await listTables(client));
    const { encoding = described.encoding } = recounted;
    const dumping = { ...described, encoding, tables, rowTypes: await readRowTypes(client) };
    return fingerprintOf(await pass(recounted, dumping), dumping);
  });

/**
 * Counts what was restored in the way in which the archive was counted. By queries, table by table: nobody else writes to it,
 * and so no more is locked than for one of them.
 */
export const countAgain = (recounted: Recounted, expected: Fingerprint): Promise<Fingerprint> => {
  if (isCopied(expected)) return countCopied(recounted);
  const { source, database, tables } = recounted;
  const hashed = isHashed(expected);
  return withClient(source, database, (client) =>
    tables ? countRows(client, tables, hashed) : countEach(client, hashed),
  );
};
