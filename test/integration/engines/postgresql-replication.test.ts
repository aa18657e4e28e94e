import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresqlSource } from '../../../runtime/src/engines/postgresql/client.ts';
import { withReplication } from '../../../runtime/src/engines/postgresql/replication/connection.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';

let data: string;
let server: TestPostgresql;

const sourceOf = (username: string): PostgresqlSource => ({
  name: 'postgresql',
  connection: { host: server.host, port: server.port, database: 'postgres', sslMode: 'prefer' },
  credentials: { username, password: 'secret' },
});

const identify = (username: string): Promise<unknown> =>
  withReplication(sourceOf(username), async (client) => (await client.query('IDENTIFY_SYSTEM')).rows[0]);

beforeAll(async () => {
  data = workFolder('replication');
  server = await startPostgresql({ data: join(data, 'data') });
  const file = join(data, 'data', 'pg_hba.conf');
  await writeFile(file, `host replication rejected all reject\n${await readFile(file, 'utf8')}`);
  await server.psql(
    'postgres',
    `CREATE ROLE replicating LOGIN REPLICATION PASSWORD 'secret'; CREATE ROLE plain LOGIN PASSWORD 'secret';
     CREATE ROLE rejected LOGIN REPLICATION PASSWORD 'secret'; SELECT pg_reload_conf()`,
  );
});

afterAll(async () => {
  await server.stop();
  await removeFolder(data);
});

describe('a connection that replicates', () => {
  test('needs REPLICATION and nothing else', async () => {
    expect(await identify('replicating')).toMatchObject({ timeline: expect.anything() });
  });

  test('names the statement that an account without REPLICATION needs', async () => {
    await expect(identify('plain')).rejects.toMatchObject({
      code: 'log.role',
      message: expect.stringContaining('run: ALTER ROLE "plain" REPLICATION'),
    });
  });

  test('names the line that pg_hba.conf lacks', async () => {
    await expect(identify('rejected')).rejects.toMatchObject({
      code: 'log.hba',
      message: expect.stringContaining('host replication rejected 127.0.0.1/32 scram-sha-256'),
    });
  });

  test('says of a managed service that it keeps its log to itself, whatever it refuses with', async () => {
    await server.psql('postgres', 'CREATE ROLE rds_superuser');
    for (const username of ['plain', 'rejected'])
      await expect(identify(username)).rejects.toMatchObject({
        code: 'log.unsupported',
        message: expect.stringContaining('belongs to Amazon RDS'),
      });
    await server.psql('postgres', 'DROP ROLE rds_superuser');
  });

  test('leaves other refusals as they are', async () => {
    const wrong = { ...sourceOf('replicating'), credentials: { username: 'replicating', password: 'wrong' } };
    await expect(withReplication(wrong, async () => {})).rejects.toMatchObject({ code: 'source.refused' });
  });
});
