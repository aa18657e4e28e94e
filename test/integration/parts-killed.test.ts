import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { install, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { until } from '../kit/until.ts';

/** Parts that a backup has stored when it is killed. CI takes the first; KILLS=2 are two. */
const kills = Array.from({ length: Number(process.env['KILLS'] ?? 1) }, (_, index) => 1 + 2 * index);

let [server, installation]: [TestPostgresql, Installation] = [undefined!, undefined!];

const target = () => ({
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: server.host, port: server.port, database: 'grill' },
  secret: { name: 'postgresql' },
  parts: true,
});
const succeed = async (...args: string[]) => {
  const { code, json, stderr } = await installation.cli([...args, '--json']);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return json;
};
const partFiles = (): readonly string[] => {
  const files = installation.files().filter((file) => file.startsWith('parts/postgresql/'));
  return files.filter((file) => file.endsWith('.enc'));
};
const manifests = (): readonly string[] =>
  installation.files().filter((file) => /^postgresql\/[^/]+\.manifest\.json$/.test(file));
/** Writes every row again, in its place, so that every part is another one. */
const renew = () =>
  server.psql(
    'grill',
    'CREATE TABLE next AS SELECT n, md5(text) AS text FROM readings; DROP TABLE readings; ALTER TABLE next RENAME TO readings',
  );

beforeAll(async () => {
  server = await startPostgresql();
  await server.psql('postgres', 'CREATE DATABASE grill');
  await server.psql(
    'grill',
    'CREATE TABLE readings AS SELECT n, md5(n::text) AS text FROM generate_series(1, 400000) n',
  );
  const { user: username, password } = server;
  installation = install([target()], { postgresql: { username, password } });
}, 600_000);
afterAll(async () => {
  await server?.stop();
  await installation?.dispose();
});

test('a backup that is killed between two parts leaves parts that nobody names, and the next one is whole', async () => {
  await succeed('backup', 'postgresql');
  for (const stored of kills) {
    await renew();
    const [before, archives] = [partFiles().length, manifests()];
    let pid = 0;
    const killed = installation.cli(['backup', 'postgresql'], (started) => (pid = started));
    await until(() => Promise.resolve(partFiles().length >= before + stored), 120);
    process.kill(pid, 'SIGKILL');
    expect((await killed).code).toBeNull();
    expect(manifests()).toEqual(archives);
    await succeed('backup', 'postgresql');
    const { findings } = (await installation.cli(['check', 'postgresql', '--json'])).json;
    expect(findings.filter(({ kind }: { kind: string }) => kind.startsWith('part-'))).toEqual([]);
    const { results } = await succeed('verify', 'postgresql', '--level', 'deep');
    expect(results).toContainEqual(expect.objectContaining({ level: 'deep', ok: true }));
  }
  expect(readdirSync(join(installation.backup, 'parts/postgresql'))).toContain('unreferenced.json');
}, 900_000);
