import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import { collect, feed, run } from '../../core/process.ts';
import type { Fingerprint, Replaced } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import {
  conninfo,
  identifier,
  libpqEnvironment,
  literal,
  withClient,
  type PostgresqlSource,
  queryRow,
} from './client.ts';
import { itemOf, type Table } from './count.ts';
import { analyze } from './analyze.ts';
import { named } from './items.ts';
import { dependentsSql, foreignKeysSql, relativesSql } from './dependents.ts';
import { markSql } from './marks.ts';
import { errorText } from './error-text.ts';
import { countAgain } from './recount.ts';
import { nameWith, psqlCommand } from './swap.ts';
import { majorOf, toolsFor } from './tools.ts';

/** Tables that are put in the place of their live namesakes. */
export interface TableSwap {
  readonly context: RunContext;
  readonly source: PostgresqlSource;
  /** Database that holds them, beside the live one. */
  readonly fresh: string;
  readonly tables: readonly Table[];
  readonly expected: Fingerprint;
  /** Of the archive's database; the live one may have another. */
  readonly encoding: string;
  /** Differences from `expected` that a person has accepted, as words of `--accept`. */
  readonly accept: readonly string[] | undefined;
  /** Definitions from the archive, as SQL. */
  readonly foreignKeys: string;
  readonly suffix: string;
  /** Called just before the live tables go aside. */
  readonly beforeSwap: (replaced: Replaced) => Promise<void>;
}

const refused = (message: string, cause?: unknown): BackupError =>
  new BackupError('restore.refused', message, { cause });

const qualified = ({ schema, name }: Table): string => `${identifier(schema)}.${identifier(name)}`;

/** A table with its indexes, constraints and sequences keeps their names in a schema of its own. */
const aside = (table: Table, ending: string): Table => ({ ...table, schema: nameWith(table.schema, ending) });

const move = (from: Table, { schema }: Table): string =>
  `ALTER TABLE ${qualified(from)} SET SCHEMA ${identifier(schema)}`;

const schemasOf = (tables: readonly Table[]): readonly string[] =>
  [...new Set(tables.map(({ schema }) => schema))].map(identifier);

const wayOut = 'restore it into another database with --into, and copy the rows from there';

const names = async (client: Client, sql: string, tables: readonly Table[]): Promise<readonly string[]> =>
  (await client.query<{ name: string }>(sql, [tables.map(qualified)])).rows.map(({ name }) => name);

/** Partitions and heirs are part of another table: they cannot be swapped by themselves. */
const assertAlone = async (client: Client, tables: readonly Table[]): Promise<void> => {
  const found = await names(client, relativesSql, tables);
  if (found.length)
    throw refused(`${found.join(', ')} belongs to a partitioned or inherited table; ${wayOut}`);
};

/** @throws BackupError restore.refused if a table cannot be swapped without breaking what depends on it */
export const assertSwappable = async (client: Client, tables: readonly Table[]): Promise<void> => {
  await assertAlone(client, tables);
  const found = await names(client, dependentsSql, tables);
  if (found.length)
    throw refused(
      `${found.map((name) => name.replace(/^rule _RETURN on /, '')).join(', ')} would keep using the old ${tables.map(itemOf).join(', ')}; ${wayOut}`,
    );
};

const existing = async (client: Client, tables: readonly Table[]): Promise<readonly Table[]> => {
  const found: Table[] = [];
  for (const table of tables)
    if ((await client.query('SELECT WHERE to_regclass($1) IS NOT NULL', [qualified(table)])).rowCount === 1)
      found.push(table);
  return found;
};

/** Owners of tables, who need the right to create in their schema: nobody can give them a table there otherwise. */
const ownersOf = async (client: Client, tables: readonly Table[]): Promise<readonly string[]> => {
  const sql = `SELECT DISTINCT pg_get_userbyid(relowner)::text AS name FROM pg_class WHERE oid = ANY($1::regclass[])`;
  return names(client, sql, tables);
};

/** Schemas of the live database for tables that come, with a right for each owner. */
const createSchemas = async (
  client: Client,
  tables: readonly Table[],
  owners: readonly string[],
): Promise<void> => {
  for (const schema of new Set(tables.map((table) => table.schema))) {
    await client.query(`CREATE SCHEMA ${identifier(schema)}; ${markSql('SCHEMA', schema)}`);
    for (const owner of owners)
      await client.query(`GRANT CREATE ON SCHEMA ${identifier(schema)} TO ${identifier(owner)}`);
  }
};

/** Copies the tables of the fresh database into their schemas of the live one, in one transaction. */
const copy = async (
  { context, source, fresh }: TableSwap,
  client: Client,
  tables: readonly Table[],
): Promise<void> => {
  const sql = 'SHOW server_version';
  const { server_version: version } = await queryRow<{ server_version: string }>(client, sql);
  const tools = await toolsFor(context, majorOf(version));
  const env = libpqEnvironment(source);
  const failure = 'restore.failed';
  const chosen = schemasOf(tables).map((schema) => `--schema=${schema}`);
  const from = ['--no-password', '--format=custom', '--compress=0', ...chosen, `--dbname=${conninfo(fresh)}`];
  const into = ['--no-password', '--exit-on-error', '--single-transaction', '--no-publications'];
  const dumping = run(context, { program: tools.path('pg_dump'), args: from, env, failure });
  dumping.stdin.end();
  const own = [...new Set(tables.map(({ schema }) => `--schema=${schema}`))]; // names as they are, and not the schemas themselves
  const args = [...into, ...own, `--dbname=${conninfo(source.connection.database)}`];
  const restoring = run(context, { program: tools.path('pg_restore'), args, env, failure });
  await Promise.all([feed(restoring, dumping.stdout), collect(restoring.stdout)]);
};

interface ForeignKey {
  readonly of: string;
  readonly name: string;
  readonly definition: string;
  readonly comment: string | null;
}

const foreignKeysOf = async (client: Client, tables: readonly Table[]): Promise<readonly ForeignKey[]> =>
  (await client.query<ForeignKey>(foreignKeysSql, [tables.map(qualified)])).rows;

const drop = ({ of, name }: ForeignKey): string => `ALTER TABLE ${of} DROP CONSTRAINT ${identifier(name)}`;
const add = ({ of, name, definition, comment }: ForeignKey): readonly string[] => [
  `ALTER TABLE ${of} ADD CONSTRAINT ${identifier(name)} ${definition}`,
  ...(comment === null ? [] : [`COMMENT ON CONSTRAINT ${identifier(name)} ON ${of} IS ${literal(comment)}`]),
];

const undoOf = (
  { source, suffix }: TableSwap,
  replaced: readonly Table[],
  before: readonly ForeignKey[],
  after: readonly ForeignKey[],
): string => {
  const undone = (table: Table): Table => aside(table, `_undone_${suffix}`);
  const kept = (table: Table): Table => aside(table, `_before_${suffix}`);
  return psqlCommand(source, source.connection.database, [
    ...after.map(drop),
    ...schemasOf(replaced.map(undone)).map((schema) => `CREATE SCHEMA ${schema}`),
    ...replaced.map((table) => move(table, undone(table))),
    ...replaced.map((table) => move(kept(table), table)),
    ...schemasOf(replaced.map(kept)).map((schema) => `DROP SCHEMA ${schema}`),
    ...before.flatMap(add),
  ]);
};

/** Puts the restored tables in place and the old ones aside, in one transaction of the live database. */
const exchange = async (swap: TableSwap, client: Client): Promise<Replaced> => {
  const { context, source, tables, suffix, expected, encoding, foreignKeys, accept } = swap;
  const restoredOf = (table: Table): Table => aside(table, `_restore_${suffix}`);
  const restored = tables.map(restoredOf);
  const { database } = source.connection;
  const counted = await countAgain({ context, source, database, tables: restored, encoding }, expected);
  const found = tables.map(
    (table) => [itemOf(table), mustExist(counted[itemOf(restoredOf(table))], 'count of the table')] as const,
  );
  assertEqual(expected, named(expected, Object.fromEntries(found)), accept);
  const replaced = await existing(client, tables);
  for (const table of replaced) await client.query(`LOCK TABLE ${qualified(table)}`);
  await assertSwappable(client, replaced);
  const keptOf = (table: Table): Table => aside(table, `_before_${suffix}`);
  const kept = replaced.map(keptOf);
  const before = await foreignKeysOf(client, replaced);
  for (const statement of [
    ...before.map(drop), // else the kept rows would hold on to rows of other tables
    ...schemasOf(kept).map((schema) => `CREATE SCHEMA ${schema}`),
    ...replaced.map((table) => move(table, keptOf(table))),
    ...tables.map((table) => move(restoredOf(table), table)),
    ...schemasOf(restored).map((schema) => `DROP SCHEMA ${schema}`),
  ])
    await client.query(statement);
  if (foreignKeys) await client.query(foreignKeys);
  const after = await foreignKeysOf(client, replaced);
  if (replaced.length === 0) return {};
  return {
    kept: kept.map((table) => `table ${itemOf(table)}`).join(', '),
    undo: undoOf(swap, replaced, before, after),
  };
};

/** By a session of its own: that of the swap may be what failed. */
const dropSchemas = ({ context, source }: TableSwap, tables: readonly Table[]): Promise<void> =>
  withClient(source, source.connection.database, async (client) => {
    await client.query(`DROP SCHEMA IF EXISTS ${schemasOf(tables).join(', ')} CASCADE`);
  }).catch((error: unknown) =>
    context.log.warn({ reason: errorText(error) }, 'a schema made for the restore was left behind'),
  );

/** Swaps single tables. Until the one transaction at the end, the live database has only schemas of other names. */
export const swapTables = async (swap: TableSwap): Promise<Replaced> => {
  const { source, fresh, tables, suffix } = swap;
  const restoredOf = (table: Table): Table => aside(table, `_restore_${suffix}`);
  const restored = tables.map(restoredOf);
  const owners = await withClient(source, fresh, async (client) => {
    await assertAlone(client, tables);
    for (const schema of schemasOf(restored)) await client.query(`CREATE SCHEMA ${schema}`);
    for (const table of tables) await client.query(move(table, restoredOf(table)));
    return ownersOf(client, restored);
  });
  return withClient(source, source.connection.database, async (client) => {
    try {
      await createSchemas(client, restored, owners);
      await copy(swap, client, restored);
      await client.query('BEGIN');
      const done = await exchange(swap, client);
      await swap.beforeSwap(done);
      await client.query('COMMIT');
      await analyze(swap.context, source, source.connection.database, tables.map(qualified));
      return done;
    } catch (error) {
      await client.query('ROLLBACK').catch(() => {}); // a lost connection has rolled back
      await dropSchemas(swap, restored);
      throw error instanceof BackupError
        ? error
        : refused(`the live database does not take the table: ${errorText(error)}`, error);
    }
  });
};
