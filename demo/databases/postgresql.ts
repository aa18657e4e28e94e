import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { captureText } from '../../test/kit/capture.ts';
import { startPostgresql, type TestPostgresql } from '../../test/kit/postgresql.ts';
import { readings, schema, tableDigest } from '../data/postgresql.ts';
import type { Database, Digest } from './database.ts';

/** The platform's account, which owns the data, and the one for backups, with the rights that docs/reference/databases.md asks for. */
const owner = 'grill_stats';
const account = 'grill_backup';
/** Readings a step inserts until the wanted size is there. */
const batchRows = 100_000;

interface Credentials {
  readonly username: string;
  readonly password: string;
}

const databaseOn = async (
  server: TestPostgresql,
  target: string,
  database: string,
  credentials: Credentials,
): Promise<Database> => {
  const { host, port } = server;
  const { username, password } = credentials;
  const url = `postgresql://${username}@${host}:${port}/${database}`;
  const sql = (text: string): Promise<string> => server.psql(database, `SET ROLE ${owner};${text}`);
  const rows = async (text: string): Promise<string[]> => (await sql(text)).split('\n').filter(Boolean);

  const schemaDigest = async (): Promise<string> => {
    const args = ['--schema-only', '--dbname', url];
    const text = await captureText(join(server.binDir, 'pg_dump'), args, { env: { PGPASSWORD: password } });
    // Since 15.14 each dump holds a random \restrict token.
    return createHash('sha256')
      .update(text.replaceAll(/^\\(un)?restrict .*$/gm, ''))
      .digest('hex');
  };

  const digest = async (): Promise<Digest> => {
    const tables = await rows(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`);
    const hashes = await Promise.all(
      tables.map(async (name) => [name, await sql(tableDigest(name))] as const),
    );
    const sequences = await sql('SELECT sequencename, last_value FROM pg_sequences ORDER BY 1');
    return { ...Object.fromEntries(hashes), sequences, schema: await schemaDigest() };
  };

  return {
    target,
    title: `PostgreSQL ${await server.psql('postgres', 'SHOW server_version')}`.replace(/ \(.*/, ''),
    connection: { host, port },
    credentials: { ...credentials },
    digest,
    fill: async (bytes) => {
      await sql(schema);
      do await sql(readings(batchRows));
      while (Number(await sql('SELECT pg_database_size(current_database())')) < bytes);
    },
    damage: async () => {
      await sql(`DROP TABLE temperature_readings CASCADE; DELETE FROM users WHERE id % 3 = 0`);
      return 'DROP TABLE temperature_readings; a third of the users deleted';
    },
    stop: server.stop,
    // roles and the database itself come with the restore, which an administrator has to run
    startEmpty: async () => {
      const empty = await startPostgresql();
      return databaseOn(empty, target, database, { username: empty.user, password: empty.password });
    },
  };
};

/** A slot without limit is refused: docs/how-to/point-in-time.md. */
const slotLimit = { max_slot_wal_keep_size: '4GB' };

/** A private PostgreSQL 15 with the database that the plan names; where the log is kept, the account may replicate. */
export const postgresqlDatabase = async (
  target: string,
  database: string,
  keepsLog = false,
): Promise<Database> => {
  const server = await startPostgresql(keepsLog ? { settings: slotLimit } : {});
  const password = randomBytes(12).toString('hex');
  await server.psql('postgres', `CREATE ROLE ${owner} LOGIN`);
  await server.psql(
    'postgres',
    `CREATE ROLE ${account} LOGIN CREATEDB PASSWORD '${password}' IN ROLE ${owner}`,
  );
  if (keepsLog) await server.psql('postgres', `ALTER ROLE ${account} REPLICATION`);
  await server.psql('postgres', `CREATE DATABASE "${database}" OWNER ${owner}`);
  return databaseOn(server, target, database, { username: account, password });
};
