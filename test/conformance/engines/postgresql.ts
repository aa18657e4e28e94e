import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import type { PostgresqlConnection } from '../../../runtime/src/engines/postgresql/connection.ts';
import { captureText } from '../../kit/capture.ts';
import { binDir, startPostgresql } from '../../kit/postgresql.ts';
import { postgresqlPrograms } from '../../kit/postgresql-versions.ts';
import type { EngineFixture, EngineServer } from './fixture.ts';
import { alterEntry, dropEntry } from './saved.ts';

const seedSql = readFileSync(join(import.meta.dirname, 'postgresql.sql'), 'utf8');

/** Rows, sequences, large objects, grants and settings, each as a line. */
const contentSql = String.raw`
  SELECT format('SELECT %L, count(*), md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")) FROM ONLY %I.%I t',
                c.oid::regclass, n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  ORDER BY c.oid::regclass::text COLLATE "C" \gexec
  SELECT schemaname, sequencename, last_value, increment_by FROM pg_sequences ORDER BY 1, 2;
  SELECT oid, lomowner::regrole, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY 1;
  SELECT datdba::regrole, encoding, datcollate, datctype, datacl, datconnlimit, shobj_description(oid, 'pg_database')
  FROM pg_database WHERE datname = current_database();
  SELECT CASE WHEN setrole <> 0 THEN setrole::regrole END, setconfig FROM pg_db_role_setting WHERE setdatabase =
    (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1;`;

const environment = ({ connection, credentials }: Source): Record<string, string> => {
  const { host, port, database } = connection as PostgresqlConnection;
  return {
    PGHOST: host,
    PGPORT: `${port}`,
    PGUSER: credentials.username!,
    PGPASSWORD: credentials.password!,
    PGDATABASE: database,
  };
};

const contentBy = async (programs: string, source: Source): Promise<string> => {
  const env = environment(source);
  const schema = await captureText(join(programs, 'pg_dump'), ['--schema-only', '--restrict-key=none'], {
    env,
  });
  return `${await captureText(join(programs, 'psql'), ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', '-'], { env, input: contentSql })}\n${schema}`;
};

const start = async (programs: string): Promise<EngineServer> => {
  const server = await startPostgresql({ programs });
  const { host, port, user: username, password } = server;
  const source = {
    name: 'postgresql',
    connection: { host, port, database: 'grill', sslMode: 'prefer' },
    credentials: { username, password },
  };
  const psql = (sql: string) => server.psql('grill', sql);
  return {
    source,
    content: (of) => contentBy(programs, of),
    seed: () => server.psql('postgres', seedSql).then(() => {}),
    damage: async () => {
      await psql(`DROP TABLE credentials; DELETE FROM readings WHERE value > 0; UPDATE users SET name = 'x' WHERE id = 1;
                  SELECT lo_unlink(4242); ALTER TABLE devices OWNER TO postgres`);
    },
    clear: async () => {
      await server.psql('postgres', 'DROP DATABASE grill; CREATE DATABASE grill');
    },
    enlarge: async () => {
      await psql(
        `CREATE TABLE public.ballast AS SELECT n, repeat(md5(n::text), 20) AS text FROM generate_series(1, 100000) n`,
      );
    },
    cut: async () => {
      await psql(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'grill-backup' OR application_name = 'pg_dump'`,
      );
    },
    stop: server.stop,
  };
};

/** Programs of other versions are found in PATH, as no folder of Debian's holds their major. */
const startIn = async (programs: string): Promise<EngineServer> => {
  if (programs === binDir) return start(programs);
  const path = process.env['PATH'];
  process.env['PATH'] = `${programs}:${path}`;
  const server = await start(programs);
  const stop = async () => {
    await server.stop();
    process.env['PATH'] = path;
  };
  return { ...server, stop };
};

const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length >> 1);

const fixtureOf = (programs: string): EngineFixture => ({
  engine: postgresql,
  title: programs === binDir ? 'PostgreSQL' : `PostgreSQL, ${programs}`,
  start: () => startIn(programs),
  withWrongPassword: (source) => ({ ...source, credentials: { ...source.credentials, password: 'wrong' } }),
  undoEnvironment: environment,
  hostile: [
    { title: 'a dump cut in half', alter: (saved) => alterEntry(saved, '.dump', half) },
    {
      title: 'a dump without its last byte',
      alter: (saved) => alterEntry(saved, '.dump', (bytes) => bytes.subarray(0, -1)),
    },
    { title: 'a dump of no bytes', alter: (saved) => alterEntry(saved, '.dump', () => Buffer.alloc(0)) },
    {
      title: 'noise for a dump',
      alter: (saved) => alterEntry(saved, '.dump', () => Buffer.from('DROP DATABASE grill;\n'.repeat(1000))),
    },
    {
      title: 'a damaged table of contents',
      alter: (saved) =>
        alterEntry(saved, '.dump', (bytes) =>
          Buffer.concat([bytes.subarray(0, 200), Buffer.alloc(200, 0xff), bytes.subarray(400)]),
        ),
    },
    { title: 'roles cut in half', alter: (saved) => alterEntry(saved, 'roles.json', half) },
    { title: 'settings that are no JSON', alter: (saved) => alterEntry(saved, 'database.json', half) },
    { title: 'no settings', alter: (saved) => dropEntry(saved, 'database.json') },
    { title: 'no roles', alter: (saved) => dropEntry(saved, 'roles.json') },
    { title: 'no dump', alter: (saved) => dropEntry(saved, '.dump') },
    {
      title: 'an entry twice',
      alter: (saved) => ({ ...saved, entries: [...saved.entries, saved.entries.at(-1)!] }),
    },
    { title: 'no entry at all', alter: (saved) => ({ ...saved, entries: [] }) },
  ],
});

export const postgresqlFixtures: readonly EngineFixture[] = postgresqlPrograms.map(fixtureOf);
