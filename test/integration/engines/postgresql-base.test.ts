import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { base } from '../../../runtime/src/engines/postgresql/base/base.ts';
import type { PostgresqlSource } from '../../../runtime/src/engines/postgresql/client.ts';
import { captureText } from '../../kit/capture.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { removeFolder, unprivileged, workFolder } from '../../kit/private-server.ts';
import { testRun, type TestRun } from '../../kit/run.ts';

let folder: string;
let server: TestPostgresql;
let run: TestRun;

const source = (username: string, password: string): PostgresqlSource => ({
  name: 'postgresql',
  connection: { host: server.host, port: server.port, database: 'postgres', sslMode: 'prefer' },
  credentials: { username, password },
});

beforeAll(async () => {
  folder = workFolder('base');
  run = testRun();
  server = await startPostgresql();
  const space = workFolder('space');
  await server.psql(
    'postgres',
    `CREATE ROLE replicating LOGIN REPLICATION PASSWORD 'secret'; CREATE TABLESPACE far LOCATION '${space}'`,
  );
  await server.psql(
    'postgres',
    `CREATE TABLE near AS SELECT g FROM generate_series(1, 50000) g; CREATE TABLE away TABLESPACE far AS SELECT * FROM near;
     CREATE UNLOGGED TABLE unlogged AS SELECT * FROM near`,
  );
});

afterAll(async () => {
  await server.stop();
  await run.dispose();
  await removeFolder(folder);
});

describe('a base backup by the replication protocol', () => {
  test('is what pg_verifybackup accepts, by an account with REPLICATION alone', async () => {
    const dump = await base(run, source('replicating', 'secret'));
    const names: string[] = [];
    for await (const { name, content } of dump.entries) {
      names.push(name);
      await pipeline(content, createWriteStream(join(folder, name)));
    }
    const facts = await dump.facts();
    await dump.close();
    const oid = await server.psql('postgres', `SELECT oid FROM pg_tablespace WHERE spcname = 'far'`);
    expect(names).toEqual([`${oid.trim()}.tar`, 'base.tar', 'backup_manifest']);
    const whole = join(folder, 'whole');
    const space = join(whole, 'pg_tblspc', oid.trim());
    await mkdir(space, { recursive: true });
    await captureText('tar', ['-xf', join(folder, 'base.tar'), '-C', whole]);
    await captureText('tar', ['-xf', join(folder, `${oid.trim()}.tar`), '-C', space]);
    await captureText('chmod', ['-R', 'a+rwX', folder]);
    const verify = join(server.binDir, 'pg_verifybackup');
    await captureText(verify, ['--no-parse-wal', '-m', join(folder, 'backup_manifest'), whole], unprivileged);
    const system = await server.psql('postgres', 'SELECT system_identifier FROM pg_control_system()');
    expect(facts).toMatchObject({ system: system.trim(), timeline: 1, checksums: false });
    expect(facts.start).toBe(facts.redo - (facts.redo % (16n << 20n)));
    expect(facts.end).toBeGreaterThan(facts.start);
  });

  test('ends with the run, and leaves no session behind', async () => {
    const stop = new AbortController();
    const dump = await base({ ...run, signal: stop.signal }, source('replicating', 'secret'));
    const read = async (): Promise<void> => {
      for await (const { content } of dump.entries) for await (const _ of content) stop.abort();
    };
    await expect(read()).rejects.toMatchObject({ code: 'run.interrupted' });
    await dump.close();
    const left = `SELECT count(*) FROM pg_stat_replication WHERE usename = 'replicating'`;
    await server.psql(
      'postgres',
      `DO $$ BEGIN WHILE (${left}) > 0 LOOP PERFORM pg_sleep(0.05), pg_stat_clear_snapshot(); END LOOP; END $$`,
    );
  });
});
