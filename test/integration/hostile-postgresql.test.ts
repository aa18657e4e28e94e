import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { identifier } from '../../runtime/src/engines/postgresql/client.ts';
import { itemOf } from '../../runtime/src/engines/postgresql/count.ts';
import { captureText } from '../kit/capture.ts';
import { hostileDatabase, type HostileDatabase } from '../kit/hostile-postgresql.ts';
import { install, passphrase, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';

/** Databases that are tried; HOSTILE_SEEDS=50 tries that many. */
const seeds = Array.from({ length: Number(process.env['HOSTILE_SEEDS'] ?? 1) }, (_, index) => index + 1);

const query = async (server: TestPostgresql, database: string, statements: readonly string[]) => {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  try {
    const answers: unknown[] = [];
    for (const statement of statements) answers.push((await client.query(statement)).rows);
    return answers;
  } finally {
    await client.end();
  }
};

const rightsSql = `
  SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
    rolpassword, shobj_description(oid, 'pg_authid') AS comment FROM pg_authid WHERE rolname !~ '^(pg_|postgres$)' ORDER BY 1`;
const membershipsSql = `
  SELECT roleid::regrole::text, member::regrole::text, admin_option FROM pg_auth_members WHERE member::regrole::text !~ '^pg_' ORDER BY 1, 2`;
const settingsSql = `SELECT setrole::regrole::text, ARRAY(SELECT unnest(setconfig) ORDER BY 1) FROM pg_db_role_setting WHERE setdatabase = 0 ORDER BY 1`;
const parametersSql = 'SELECT parname, paracl::text FROM pg_parameter_acl ORDER BY 1';

const rightsOf = (server: TestPostgresql) =>
  query(server, 'postgres', [rightsSql, membershipsSql, settingsSql, parametersSql]);

/** Schema and data as pg_dump writes them, with a key that is always the same. */
const contentOf = async (server: TestPostgresql, database: string, ...more: readonly string[]) => {
  const { host, port, user, password, binDir } = server;
  const args = ['-h', host, '-p', `${port}`, '-U', user, '--format=plain', '--restrict-key=none', ...more];
  return captureText(join(binDir, 'pg_dump'), args, {
    env: { PGPASSWORD: password, PGDATABASE: database },
  });
};

describe.each(seeds)('every text of database %i', (seed) => {
  let server: TestPostgresql;
  let installation: Installation;
  let folder: string;
  let canary: string;
  let hostile: HostileDatabase;
  let before: { rights: unknown; content: string };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'h-')); // a short path, which fits into names
    canary = join(folder, 'c');
    server = await startPostgresql();
    hostile = hostileDatabase(canary, seed);
    await query(server, 'postgres', hostile.roles);
    await query(server, hostile.database, hostile.objects);
    before = { rights: await rightsOf(server), content: await contentOf(server, hostile.database) };
    const { host, port, user, password } = server;
    const connection = { host, port, database: hostile.database };
    installation = install(
      [{ name: 'postgresql', engine: 'postgresql', connection, secret: { name: 'postgresql' } }],
      { postgresql: { username: user, password } },
    );
  }, 120_000);

  afterAll(async () => {
    await server.stop();
    await installation.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const cli = async (...args: readonly string[]) => {
    const done = await installation.cli(args);
    expect([args, done.code, done.code === 0 ? '' : done.stderr]).toEqual([args, 0, '']);
    for (const line of done.stderr.split('\n').filter(Boolean)) expect(() => JSON.parse(line)).not.toThrow();
    return done;
  };

  const unharmed = async (on = server): Promise<void> => {
    expect(existsSync(canary)).toBe(false);
    expect(await rightsOf(on)).toEqual(before.rights);
  };

  test('is saved, verified and drilled', async () => {
    const { json } = await cli('backup', 'postgresql', '--json');
    expect(json.archive).toMatch(/^postgresql\/postgresql_/);
    await cli('verify', '--level', 'deep');
    await cli('verify', '--level', 'drill');
    await cli('list');
    await cli('status');
    for (const file of installation.files().filter((name) => /^verification\/.*\.(txt|json)$/.test(name)))
      expect(readFileSync(join(installation.backup, file), 'utf8')).not.toContain('pwn');
    await unharmed();
  }, 120_000);

  test('comes back in place, beside, and as a single table', async () => {
    await cli('restore', 'postgresql', '--force');
    expect(await contentOf(server, hostile.database)).toBe(before.content);
    await cli('restore', 'postgresql', '--into', 'beside', '--force');
    expect(await contentOf(server, 'beside')).toBe(before.content);
    const { table, lone } = hostile;
    const only = (each: typeof table) => ['restore', 'postgresql', '--only', itemOf(each), '--force'];
    // a view and a publication depend on it: it is refused, and the message is all that becomes of the names
    const refused = await installation.cli(only(table));
    expect([refused.code, refused.stderr]).toEqual([7, expect.stringContaining('would keep using the old')]);
    await query(server, hostile.database, [`TRUNCATE ${identifier(lone.schema)}.${identifier(lone.name)}`]);
    await cli(...only(lone));
    expect(await contentOf(server, hostile.database, '--exclude-schema=*_before_*')).toBe(before.content);
    await unharmed();
  }, 120_000);

  test('comes back in an empty cluster, by the program and by recover.sh', async () => {
    const [first, second] = await Promise.all([startPostgresql(), startPostgresql()]);
    try {
      const { database } = hostile;
      const newest = installation
        .files()
        .findLast((file) => /^postgresql\/postgresql_\d.*\.enc$/.test(file))!;
      const into = `into ${database}`.slice(0, 40);
      const keyFile = join(folder, 'key');
      writeFileSync(keyFile, `${passphrase}\n`);
      const script = join(installation.backup, 'recovery/recover.sh');
      const args = [
        script,
        'restore',
        join(installation.backup, newest),
        '--key-file',
        keyFile,
        '--into',
        into,
      ];
      const { host, port, user, password, binDir } = second;
      const recovering = spawn('/bin/dash', args, {
        cwd: folder,
        env: {
          ...{ PATH: `${binDir}:/usr/bin:/bin`, TMPDIR: folder },
          ...{ PGHOST: host, PGPORT: `${port}`, PGUSER: user, PGPASSWORD: password },
        },
      });
      let stderr = '';
      recovering.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      const [code] = (await once(recovering, 'close')) as [number];
      expect([code, stderr]).toEqual([0, expect.stringContaining('tables compared')]);
      expect(await contentOf(second, into)).toBe(before.content);
      await unharmed(second);

      installation.setSecret('postgresql', 'password', first.password);
      installation.setPlan({
        environment: 'test',
        stores: { directory: { path: installation.backup } },
        targets: [
          {
            ...{
              name: 'postgresql',
              engine: 'postgresql',
              schedule: '0 2 * * *',
              secret: { name: 'postgresql' },
            },
            connection: { host: first.host, port: first.port, database },
          },
        ],
        verification: { schedule: '0 6 * * *' },
      });
      await cli('restore', 'postgresql', '--force');
      expect(await contentOf(first, database)).toBe(before.content);
      await unharmed(first);
    } finally {
      await Promise.all([first.stop(), second.stop()]);
    }
  }, 120_000);
});
