import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InfluxdbConnection } from '../../../runtime/src/engines/influxdb/connection.ts';
import { influxdb } from '../../../runtime/src/engines/influxdb/index.ts';
import type { RestoreScope, Source } from '../../../runtime/src/engines/engine.ts';
import { startInfluxdb1, type Influxdb1Options, type TestInfluxdb1 } from '../../kit/influxdb.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';
import { readings } from '../../conformance/engines/influxdb-hostile.ts';
import { replay, save, saveWhile, type Saved } from '../../conformance/engines/saved.ts';

const day = 86_400_000;
const ago = (days: number): string => `${Math.floor((Date.now() - days * day) / 1000)}000000000`;

describe('InfluxDB 1.x and what surrounds a restore', () => {
  let run: TestRun;
  const stops: (() => Promise<void>)[] = [];

  beforeAll(() => {
    run = testRun();
  });

  afterAll(async () => {
    for (const stop of stops) await stop();
    await run.dispose();
  });

  const start = async (options: Influxdb1Options = {}) => {
    const server = await startInfluxdb1(options);
    stops.push(server.stop);
    const { host, port, rpcPort } = server;
    const source: Source<InfluxdbConnection> = {
      name: 'influxdb',
      connection: { host, port, rpcPort },
      credentials: {},
    };
    return { server, source };
  };

  const restore = (source: Source<InfluxdbConnection>, of: Saved, suffix: string, scope: RestoreScope = {}) =>
    influxdb.restore(run, source, replay(of), {
      ...{ mode: 'replace', suffix, expected: of.fingerprint, server: of.server },
      ...scope,
    });
  const preview = (source: Source<InfluxdbConnection>, of: Saved, scope: RestoreScope = {}) =>
    influxdb.preview!(run, source, replay(of), {
      ...{ mode: 'replace', suffix: 'preview', expected: of.fingerprint, server: of.server },
      ...scope,
    });

  const databases = async (server: TestInfluxdb1) =>
    (await server.query('SHOW DATABASES'))[0]!.values
      .flat()
      .filter((name) => name !== '_internal')
      .toSorted();
  const count = async (server: TestInfluxdb1, database: string, policy: string) =>
    (await server.query(`SELECT count(v) FROM "${policy}".old`, database))[0]?.values[0]?.[1];
  const durations = async (server: TestInfluxdb1, database: string) =>
    Object.fromEntries(
      (await server.query(`SHOW RETENTION POLICIES ON "${database}"`))[0]!.values.map(([name, duration]) => [
        name,
        duration,
      ]),
    );

  describe('retention that is over', () => {
    let saved: Saved;
    let eager: Awaited<ReturnType<typeof start>>;

    beforeAll(async () => {
      const { server, source } = await start();
      await server.query(
        'CREATE DATABASE grill; CREATE RETENTION POLICY month ON grill DURATION INF REPLICATION 1',
      );
      for (const days of [100, 60, 1]) await server.write('grill', `old v=1 ${ago(days)}`, 'month');
      await server.write('grill', readings('temperature', 10));
      await server.query('ALTER RETENTION POLICY month ON grill DURATION 30d');
      saved = await save(influxdb.dump(run, source));
      eager = await start({ settings: { INFLUXDB_RETENTION_CHECK_INTERVAL: '300ms' } });
    }, 60_000);

    test('nothing expires before it is proved; the report says what is going to', async () => {
      const restored = await restore(eager.source, saved, 'expired');
      expect(restored.fingerprint).toEqual(saved.fingerprint);
      expect(restored.notes).toEqual([
        expect.stringMatching(
          /^retention policy month of database grill keeps its points for 30d: those before \S+Z were restored and found equal, and expire at the server's next check/,
        ),
      ]);
      expect(await durations(eager.server, 'grill')).toEqual({ autogen: '0s', month: '720h0m0s' });
      await until(async () => (await count(eager.server, 'grill', 'month')) === 1);
      expect((await preview(eager.source, saved)).notes).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^retention policy month of database grill keeps its points for 30d/),
        ]),
      );
      // and again, in the place of a database
      expect((await restore(eager.source, saved, 'again')).fingerprint).toEqual(saved.fingerprint);
    }, 60_000);

    test('under a new name it is kept for ever', async () => {
      const scope = { only: ['grill'], into: 'grill_copy' };
      const { notes } = await restore(eager.source, saved, 'copy', scope);
      expect(notes).toEqual([
        'database grill_copy keeps its points forever; retention policies not restored: month',
      ]);
      expect((await preview(eager.source, saved, { ...scope, into: 'other' })).notes).toEqual([
        'database other keeps its points forever; retention policies not restored: month',
      ]);
      expect((await preview(eager.source, saved, scope)).hindrances).toEqual([
        { message: 'database grill_copy already exists' },
      ]);
      await sleep(1000); // three checks of the server, which must find nothing
      expect(await count(eager.server, 'grill_copy', 'month')).toBe(3);
      expect(await durations(eager.server, 'grill_copy')).toEqual({ autogen: '0s', month: '0s' });
    }, 60_000);

    test('the retention that a killed restore left suspended comes back with the next run; no other is changed', async () => {
      const { server, source } = await start();
      const years = 250 * 365 * 24;
      const create = (name: string, duration: string) =>
        server.query(`CREATE RETENTION POLICY ${name} ON grill DURATION ${duration} REPLICATION 1`);
      await server.query('CREATE DATABASE grill');
      await create('month', `${(years + 720) * 3600 + 2473}s`);
      await create('centuries', `${years + 720}h`);
      await influxdb.recover!(run, source);
      expect(await durations(server, 'grill')).toEqual({
        ...{ autogen: '0s', month: '720h0m0s' },
        centuries: `${years + 720}h0m0s`,
      });
    });
  });

  describe('a client that creates its database again, as Telegraf does by default', () => {
    test('the restore ends well, nothing of it is lost, and it says what was written meanwhile', async () => {
      const { server, source } = await start();
      await server.query(
        'CREATE DATABASE grill; CREATE RETENTION POLICY month ON grill DURATION 30d REPLICATION 1',
      );
      await server.write('grill', readings('temperature', 5000));
      const saved = await save(influxdb.dump(run, source));
      await server.query("DELETE FROM temperature WHERE probe = 'brisket'", 'grill');
      let stopped = false;
      const client = async (): Promise<void> => {
        while (!stopped) {
          await server.query('CREATE DATABASE grill');
          await server.write('grill', `client v=1 ${Date.now()}000000`).catch(() => {});
        }
      };
      const clients = Promise.all([client(), client()]);
      const restored = await restore(source, saved, 'telegraf').finally(() => (stopped = true));
      await clients;
      expect(restored.fingerprint).toEqual(saved.fingerprint);
      expect(restored.notes).toEqual(
        expect.arrayContaining([expect.stringMatching(/clients (wrote|created)/)]),
      );
      const [temperature] = await server.query('SELECT count(celsius) FROM temperature', 'grill');
      expect(temperature!.values[0]![1]).toBe(5000);
      expect(await databases(server)).toEqual(['grill']);
      expect(await durations(server, 'grill')).toEqual({ autogen: '0s', month: '720h0m0s' });
    }, 120_000);
  });

  describe('a schema that changes while it is dumped', () => {
    const seed = async (server: TestInfluxdb1): Promise<void> => {
      for (const name of ['a', 'b', 'c']) {
        await server.query(`CREATE DATABASE ${name}`);
        await server.write(name, readings('temperature', 20));
      }
    };
    const trial = async (source: Source<InfluxdbConnection>, saved: Saved, suffix: string): Promise<void> => {
      const restored = await influxdb.restore(run, source, replay(saved), {
        ...{ mode: 'trial', suffix, expected: saved.fingerprint, server: saved.server },
      });
      expect(restored.fingerprint).toEqual(saved.fingerprint);
    };

    test('a database that is dropped is left out, one that is created is not in it', async () => {
      const { server, source } = await start();
      await seed(server);
      const saved = await saveWhile(influxdb.dump(run, source), 'schema.json', () =>
        server.query('DROP DATABASE b; CREATE DATABASE d'),
      );
      expect(Object.keys(saved.fingerprint)).toEqual(['a/autogen', 'c/autogen']);
      expect(Object.keys(await influxdb.inspect(run, replay(saved)))).toEqual(['a/autogen', 'c/autogen']);
      await trial(source, saved, 'dropped');
      await expect(restore(source, saved, 'absent', { only: ['b'] })).rejects.toThrow(
        'the archive holds no b, but a, c',
      );
    }, 60_000);

    test('one that was asked for by name is missed', async () => {
      const { server, source } = await start();
      await seed(server);
      const named = { ...source, connection: { ...source.connection, databases: ['a', 'b'] } };
      const dump = saveWhile(influxdb.dump(run, named), 'schema.json', () => server.query('DROP DATABASE b'));
      await expect(dump).rejects.toThrow(/has no database b; create it/);
    });

    test('policies that come and go all the time: an archive that can be restored, or an error that names the database', async () => {
      const { server, source } = await start();
      await seed(server);
      let stopped = false;
      const change = async (): Promise<void> => {
        for (let n = 0; !stopped; n++) {
          await server.query(`CREATE RETENTION POLICY p${n} ON b DURATION 1d REPLICATION 1`);
          await server.write('b', `m v=1 ${Date.now()}000000`, `p${n}`).catch(() => {});
          await sleep(300 * (n % 4));
          await server.query(`DROP RETENTION POLICY p${n} ON b`);
        }
      };
      const changing = change();
      const outcomes: PromiseSettledResult<Saved>[] = [];
      for (let n = 0; n < 2; n++)
        outcomes.push(...(await Promise.allSettled([save(influxdb.dump(run, source))])));
      stopped = true;
      await changing;
      for (const [index, outcome] of outcomes.entries())
        if (outcome.status === 'fulfilled') await trial(source, outcome.value, `changing${index}`);
        else
          expect(outcome.reason).toEqual(
            expect.objectContaining({
              code: 'dump.failed',
              message: expect.stringMatching(
                /^retention policies or shards of database b changed during each of 10 backups/,
              ),
            }),
          );
    }, 120_000);
  });

  test('what a killed restore left is listed, and goes when its database is whole again', async () => {
    const { server, source } = await start();
    await server.query('CREATE DATABASE grill; CREATE DATABASE grill_restore_20240101_020000');
    await server.query('CREATE DATABASE other_restore_20240101_020000; CREATE DATABASE grill_restore_mine');
    await server.write('grill', readings('temperature', 20));
    const one = { ...source, connection: { ...source.connection, databases: ['grill'] } };
    const saved = await save(influxdb.dump(run, one));
    await server.query('DROP DATABASE grill');
    expect((await influxdb.leftovers!(run, source)).map(({ name, kind }) => [name, kind])).toEqual([
      ['database grill_restore_20240101_020000', 'kept'],
      ['database other_restore_20240101_020000', 'kept'],
    ]);
    await influxdb.recover!(run, source);
    await restore(source, saved, '20240102_020000');
    expect(await databases(server)).toEqual(['grill', 'grill_restore_mine', 'other_restore_20240101_020000']);
    for (const { remove } of await influxdb.leftovers!(run, source)) await remove();
    expect(await databases(server)).toEqual(['grill', 'grill_restore_mine']);
  }, 60_000);

  test('continuous queries, rights and subscriptions come back; a copy sends nothing to anybody', async () => {
    const { server, source } = await start();
    await server.query(
      `CREATE DATABASE grill; CREATE USER reader WITH PASSWORD 'x'; GRANT READ ON grill TO reader`,
    );
    await server.query(`CREATE USER gone WITH PASSWORD 'x'; GRANT ALL ON grill TO gone`);
    await server.query(
      `CREATE SUBSCRIPTION "to'us" ON grill.autogen DESTINATIONS ANY 'udp://127.0.0.1:1', 'udp://127.0.0.1:2'`,
    );
    await server.query(
      'CREATE CONTINUOUS QUERY "hour;ly" ON grill BEGIN SELECT mean(celsius) INTO hourly FROM temperature GROUP BY time(1h) END',
    );
    await server.write('grill', readings('temperature', 20));
    const subscriptions = await server.query('SHOW SUBSCRIPTIONS');
    const queries = await server.query('SHOW CONTINUOUS QUERIES');
    const saved = await save(influxdb.dump(run, source));
    await restore(source, saved, 'copy', { only: ['grill'], into: 'copy' });
    expect(await server.query('SHOW SUBSCRIPTIONS')).toEqual(subscriptions);
    await server.query('DROP DATABASE copy; DROP DATABASE grill; DROP USER gone');
    expect((await preview(source, saved)).notes).toEqual(
      expect.arrayContaining([
        'backups of InfluxDB 1.x do not include users; existing users of the server get their rights on what is restored',
        'the server lacks users with rights on it: gone',
      ]),
    );
    const { notes } = await restore(source, saved, 'all');
    expect(notes).toEqual([
      'rights on database grill not restored, because the server has no such user: gone',
    ]);
    expect(await server.query('SHOW SUBSCRIPTIONS')).toEqual(subscriptions);
    expect((await server.query('SHOW CONTINUOUS QUERIES')).filter(({ name }) => name === 'grill')).toEqual(
      queries.filter(({ name }) => name === 'grill'),
    );
    expect((await server.query('SHOW GRANTS FOR reader'))[0]!.values).toEqual([['grill', 'READ']]);
  }, 60_000);
});
