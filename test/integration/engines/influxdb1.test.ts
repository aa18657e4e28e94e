import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { RestoreScope, Source } from '../../../runtime/src/engines/engine.ts';
import { captureText } from '../../kit/capture.ts';
import { startInfluxdb1, type TestInfluxdb1 } from '../../kit/influxdb.ts';
import { freePort } from '../../kit/private-server.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { readings, totals } from '../../conformance/engines/influxdb-hostile.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

describe('InfluxDB 1.x', () => {
  let run: TestRun;
  let server: TestInfluxdb1;
  let source: Source<InfluxdbConnection>;
  let saved: Saved;

  const request = (mode: 'replace' | 'trial', suffix: string, of: Saved = saved) => ({
    ...{ mode, suffix },
    expected: of.fingerprint,
    server: of.server,
  });

  beforeAll(async () => {
    run = testRun();
    const admin = { username: 'backup', password: 'geheim' };
    server = await startInfluxdb1({ admin });
    const { host, port, rpcPort } = server;
    source = { name: 'influxdb', connection: { host, port, rpcPort }, credentials: admin };
    await server.query(
      `CREATE DATABASE grill; CREATE RETENTION POLICY idle ON grill DURATION 7d REPLICATION 1`,
    );
    await server.query(
      `CREATE DATABASE smoker; CREATE USER reader WITH PASSWORD 'x'; GRANT READ ON grill TO reader`,
    );
    await server.query(`CREATE USER gone WITH PASSWORD 'x'; GRANT ALL ON grill TO gone`);
    await server.write('grill', readings('temperature', 1000));
    await server.write('smoker', readings('fan', 100));
    saved = await save(influxdb.dump(run, source));
  }, 60_000);

  afterAll(async () => {
    await server.stop();
    await run.dispose();
  });

  test('counts every retention policy', () => {
    expect(Object.keys(saved.fingerprint)).toEqual(['grill/autogen', 'grill/idle', 'smoker/autogen']);
    expect(totals(saved.fingerprint['grill/autogen'])).toEqual({
      ...{ series: 4, points: 2000 },
      ...{ float: 1000, integer: 1000 },
    });
    expect(totals(saved.fingerprint['grill/idle'])).toEqual({ series: 0, points: 0 });
    expect(totals(saved.fingerprint['smoker/autogen'])).toEqual({
      ...{ series: 4, points: 200 },
      ...{ float: 100, integer: 100 },
    });
  });

  test('dumps the named databases only', async () => {
    const one = { ...source, connection: { ...source.connection, databases: ['smoker'] } };
    const { fingerprint } = await save(influxdb.dump(run, one));
    expect(Object.keys(fingerprint)).toEqual(['smoker/autogen']);
  });

  test.each([
    ['dump.empty', ['absent']],
    ['dump.failed', ['smoker', 'absent']],
  ])('a database that is missing is an error, %s of %j', async (code, databases) => {
    const absent = { ...source, connection: { ...source.connection, databases } };
    await expect(influxdb.dump(run, absent)).rejects.toEqual(
      expect.objectContaining({ code, message: expect.stringMatching(/has no database absent; create it/) }),
    );
  });

  test('a closed port of the backup service is reported at once', async () => {
    const rpcPort = await freePort();
    const closed = { ...source, connection: { ...source.connection, rpcPort } };
    await expect(save(influxdb.dump(run, closed))).rejects.toEqual(
      expect.objectContaining({
        code: 'source.unreachable',
        message: expect.stringMatching(new RegExp(`port ${rpcPort}, that backups`)),
      }),
    );
  });

  test('an account that is no administrator is refused', async () => {
    const reader = { ...source, credentials: { username: 'reader', password: 'x' } };
    await expect(influxdb.dump(run, reader)).rejects.toEqual(
      expect.objectContaining({
        code: 'source.refused',
        message: expect.stringMatching(/SHOW|administrator/),
      }),
    );
  });

  test('users keep their rights on a database that is restored, those who are gone do not matter', async () => {
    await server.query('DROP USER gone; DROP MEASUREMENT temperature', 'grill');
    await influxdb.restore(run, source, replay(saved), request('replace', 'rights'));
    const [grants] = await server.query('SHOW GRANTS FOR reader');
    expect(grants!.values).toEqual([['grill', 'READ']]);
    const databases = await server.query('SHOW DATABASES');
    expect(databases[0]!.values.flat().toSorted()).toEqual(['grill', 'smoker']);
  }, 60_000);

  const restore = (suffix: string, scope: RestoreScope) =>
    influxdb.restore(run, source, replay(saved), { ...request('replace', suffix), ...scope });

  const pointsOf = async (database: string, measurement: string) =>
    (await server.query(`SELECT count(celsius) FROM ${measurement}`, database))[0]?.values[0]?.[1];

  const databases = async () => (await server.query('SHOW DATABASES'))[0]!.values.flat().toSorted();

  test('a single database takes the place of its namesake, others are left alone', async () => {
    await server.query('DROP MEASUREMENT fan', 'smoker');
    await server.write('grill', 'newer x=1 1');
    const { fingerprint } = await restore('one', { only: ['smoker'] });
    expect(fingerprint).toEqual({ 'smoker/autogen': saved.fingerprint['smoker/autogen'] });
    expect(await pointsOf('smoker', 'fan')).toBe(100);
    expect((await server.query('SELECT x FROM newer', 'grill'))[0]!.values).toEqual([[1, 1]]);
    await server.query('DROP MEASUREMENT newer', 'grill');
    expect(await databases()).toEqual(['grill', 'smoker']);
  }, 60_000);

  test('a single database that was lost comes back, with the way to where it was not there', async () => {
    await server.query('DROP DATABASE smoker');
    const { undo } = await restore('lost', { only: ['smoker'] });
    expect(await pointsOf('smoker', 'fan')).toBe(100);
    const { username = '', password = '' } = source.credentials;
    await captureText('/bin/sh', ['-c', undo!], {
      env: { ...process.env, INFLUX_USERNAME: username, INFLUX_PASSWORD: password },
    });
    expect(await databases()).toEqual(['grill']);
    await restore('again', { only: ['smoker'] });
    expect(await databases()).toEqual(['grill', 'smoker']);
  }, 60_000);

  test('a single database comes back under a new name, beside the live one', async () => {
    await server.write('grill', 'temperature,probe=x celsius=1 1');
    await restore('new', { only: ['grill'], into: 'grill_copy' });
    expect([await pointsOf('grill', 'temperature'), await pointsOf('grill_copy', 'temperature')]).toEqual([
      1001, 1000,
    ]);
    expect((await server.query('SHOW RETENTION POLICIES ON grill_copy'))[0]!.values.length).toBe(2);
    await expect(restore('new', { only: ['grill'], into: 'grill_copy' })).rejects.toEqual(
      expect.objectContaining({ code: 'restore.refused', message: 'database grill_copy already exists' }),
    );
    await server.query('DROP DATABASE grill_copy');
    await server.query("DROP SERIES FROM temperature WHERE probe = 'x'", 'grill');
  }, 60_000);

  test('a database that the archive lacks is refused, with those that it has', async () => {
    await expect(restore('absent', { only: ['oven'] })).rejects.toEqual(
      expect.objectContaining({
        code: 'restore.refused',
        message: 'the archive holds no oven, but grill, smoker',
      }),
    );
  });

  test.each([
    [{ merge: true }, /does not support --merge/],
    [{ into: 'copy' }, /name it with --only/],
    [{ only: ['a', 'b'], into: 'copy' }, /one bucket or database/],
    [{ only: ['a'], into: '_monitoring' }, /influxdb reserves names/],
    [{ only: ['a', 'b'] }, undefined],
    [{ only: ['a'], into: 'copy' }, undefined],
  ])('%j is refused, or not', (scope, reason) => {
    if (reason) expect(influxdb.refusal(scope)).toMatch(reason);
    else expect(influxdb.refusal(scope)).toBeUndefined();
  });

  test('an archive of 2.x is refused', async () => {
    const [first, ...rest] = saved.entries;
    const header = { format: 1, generation: 2, version: '2.7.12', asOf: new Date().toISOString() };
    const entries = [{ ...first!, bytes: Buffer.from(JSON.stringify(header)) }, ...rest];
    const attempt = influxdb.restore(run, source, replay({ ...saved, entries }), request('trial', 'other'));
    await expect(attempt).rejects.toEqual(
      expect.objectContaining({
        code: 'restore.refused',
        message: expect.stringMatching(/from influxdb 2\.7\.12/),
      }),
    );
  });

  test('deletes that the server has not compacted make a range, since their points come back; others are gone', async () => {
    await server.query(`DELETE FROM fan WHERE probe = 'brisket'`, 'smoker');
    const deleted = await save(influxdb.dump(run, source));
    const { points, series } = deleted.fingerprint['smoker/autogen']!;
    // the server compacts within a second; test/unit/engines/influxdb/files.test.ts has files of one that had not
    expect([
      ['150..200', '3..4'],
      [150, 3],
    ]).toContainEqual([points, series]);
    expect(deleted.fingerprint['grill/autogen']).toEqual(saved.fingerprint['grill/autogen']);
    const restored = await influxdb.restore(
      run,
      source,
      replay(deleted),
      request('trial', 'deletes', deleted),
    );
    expect(restored.fingerprint).toEqual(deleted.fingerprint);
  }, 60_000);
});
