import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, passphrase, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';

const script = join(import.meta.dirname, '../../runtime/recovery/recover.sh');

interface Shown {
  readonly format: number;
  readonly archive: string;
  readonly parts: readonly { readonly id: string; readonly entry: string; readonly facts: { of: string } }[];
}

let [server, installation]: [TestPostgresql, Installation] = [undefined!, undefined!];

const run = async (...args: string[]) => {
  const result = await installation.cli([...args, '--json']);
  if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.stderr}`);
  return result.json;
};
const backUp = async (): Promise<Shown & { storedBytes: number; archiveBytes: number }> => {
  const { storedBytes, archiveBytes } = await run('backup', 'postgresql');
  return { ...(await run('show', 'postgresql')).manifest, storedBytes, archiveBytes };
};
const newIn = (before: Shown, after: Shown): readonly string[] => {
  const known = new Set(before.parts.map(({ id }) => id));
  return after.parts.filter(({ id }) => !known.has(id)).map(({ facts }) => facts.of);
};

/** Rows of a month, of which compression leaves most: some 3 MiB of text. */
const month = (name: string): string =>
  `INSERT INTO readings SELECT '${name}', n, md5(n::text || '${name}') || md5(random()::text) FROM generate_series(1, 40000) n`;

const months = Array.from({ length: 10 }, (_, index) => `m${index}`);

const contentSql = `SELECT tableoid::regclass, count(*), md5(string_agg(r::text, ';' ORDER BY r::text)) FROM readings r GROUP BY 1 ORDER BY 1::text`;
const content = (database: string) => server.psql(database, contentSql);

beforeAll(async () => {
  server = await startPostgresql();
  await server.psql('postgres', 'CREATE DATABASE grill');
  await server.psql(
    'grill',
    [
      'CREATE TABLE readings (month text, n int, value text) PARTITION BY LIST (month)',
      ...months.map(
        (name) => `CREATE TABLE readings_${name} PARTITION OF readings FOR VALUES IN ('${name}')`,
      ),
      ...months.map(month),
      'CREATE TABLE users AS SELECT n, md5(n::text) AS name FROM generate_series(1, 1000) n',
    ].join(';'),
  );
  const { host, port, user: username, password } = server;
  const target = {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host, port, database: 'grill', contentHash: true },
    secret: { name: 'postgresql' },
    parts: true,
  };
  installation = install([target], { postgresql: { username, password } });
}, 600_000);
afterAll(async () => {
  await server?.stop();
  await installation?.dispose();
});

test('with 90 % in old partitions the second night stores at most 12 %, and each archive is whole', async () => {
  const first = await backUp();
  expect(first.format).toBe(2);
  expect(first.storedBytes).toBe(first.archiveBytes);
  const before = await content('grill');
  await server.psql(
    'grill',
    `CREATE TABLE annex (x int); UPDATE readings SET value = reverse(value) WHERE month = 'm9'`,
  );
  const second = await backUp();
  expect(new Set(newIn(first, second))).toEqual(new Set(['public.readings_m9']));
  expect(second.storedBytes / second.archiveBytes).toBeLessThan(0.12);
  const { results } = await run('verify', 'postgresql', '--level', 'deep');
  expect(results).toContainEqual(expect.objectContaining({ level: 'deep', ok: true }));
  await run('restore', 'postgresql', first.archive, '--into', 'first', '--jobs', '2', '--force');
  expect(await content('first')).toBe(before);
  await run('restore', 'postgresql', '--test');
}, 600_000);

test('the offline script extracts one dump, and restores it', async () => {
  const { archive } = (await run('show', 'postgresql')).manifest as Shown;
  const [file, key] = [join(installation.backup, 'postgresql', archive), join(installation.folder, 'key')];
  writeFileSync(key, `${passphrase}\n`);
  const into = join(installation.folder, 'extracted');
  const env = {
    PATH: `${server.binDir}:${process.env['PATH']}`,
    PGHOST: server.host,
    PGPORT: `${server.port}`,
    PGUSER: server.user,
    PGPASSWORD: server.password,
  };
  const recover = (...args: string[]) =>
    execFileSync('/bin/dash', [script, ...args, '--key-file', key], { env, encoding: 'utf8', stdio: 'pipe' });
  recover('extract', file, '--into', into);
  expect(readdirSync(into).toSorted()).toEqual(['database.json', 'grill.dump', 'roles.json']);
  rmSync(into, { recursive: true });
  recover('restore', file, '--into', 'offline');
  expect(await content('offline')).toBe(await content('grill'));
}, 600_000);

test('a part that is damaged fails verification by its name, and the next night stores everything again', async () => {
  const { parts } = (await run('show', 'postgresql')).manifest as Shown;
  const folder = join(installation.backup, 'parts/postgresql');
  const [file = ''] = readdirSync(folder).filter((name) => name.startsWith(parts[0]!.id));
  const bytes = readFileSync(join(folder, file));
  bytes[100]! ^= 1;
  writeFileSync(join(folder, file), bytes);
  const { code, json } = await installation.cli(['verify', 'postgresql', '--level', 'deep', '--json']);
  expect(code).not.toBe(0);
  expect(JSON.stringify(json)).toContain(file);
  const next = await backUp();
  expect(next.storedBytes).toBe(next.archiveBytes);
}, 600_000);
