import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { check } from '../../runtime/src/commands/check/check.ts';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import { renderBase } from '../../runtime/src/commands/base/text.ts';
import type { RestoreOptions } from '../../runtime/src/commands/restore/plan.ts';
import { restore } from '../../runtime/src/commands/restore/restore.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { oneChunk } from '../../runtime/src/core/one-chunk.ts';
import { collect } from '../../runtime/src/core/process.ts';
import type { Fingerprint } from '../../runtime/src/engines/engine.ts';
import { formatPosition } from '../../runtime/src/engines/postgresql/replication/positions.ts';
import { engineOf, findTarget, openSource, type App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { factsOf } from '../../runtime/src/wal/base-manifest.ts';
import { readBases, verifyBase, type WholeBase } from '../../runtime/src/wal/bases.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { accountOf, targetWithLog, testApp } from '../kit/app.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { usePrograms, versionsFrom } from '../kit/postgresql-versions.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { receiveWal, type ReceivedWal } from '../kit/received-wal.ts';
import { answerFrom, offlineRecovery, type OfflineRecovery } from '../kit/offline-wal.ts';
import { recoverNewest } from '../kit/recover-newest.ts';
import { storeLog } from '../kit/store-log.ts';
import { until } from '../kit/until.ts';

/** A recovery starts servers, whose time is that of a busy machine. */
const slowMs = 900_000;

const versions = versionsFrom(17);

if (versions.length === 0)
  test.skip('PostgreSQL 17 or newer is not in POSTGRESQL_BINS; in no package of Debian 12', () => {});
else
  describe.each(versions)('increments of PostgreSQL $version', (version) => {
    let server: TestPostgresql;
    let wal: ReceivedWal;
    let fixture: StoreFixture;
    let replicas: StoreFixture;
    let store: Store;
    let replica: Store;
    let app: App;
    let offline: OfflineRecovery;
    let folder: string;
    let data: string;

    const sql = (text: string): Promise<string> => server.psql('grill', text);
    const summarize = async (value: 'on' | 'off'): Promise<void> => {
      await server.psql('postgres', `ALTER SYSTEM SET summarize_wal = ${value}; SELECT pg_reload_conf()`);
      await until(async () => (await server.psql('postgres', 'SHOW summarize_wal')).trim() === value);
    };
    const target = () => findTarget(app.plan, 'postgresql');

    const appWith = (base: object): App =>
      testApp({
        stores: { primary: store, replicas: [replica] },
        targets: [targetWithLog(server, 'grill', { base }, { contentHash: true })],
        run: { readSecret: accountOf(server) },
      });

    const bases = async (from = store): Promise<readonly WholeBase[]> =>
      (await readBases(app, from, 'postgresql')).bases;
    const newest = async (): Promise<WholeBase> => mustExist((await bases()).at(-1), 'base');

    const storeAll = async (): Promise<void> => {
      await storeLog(app, 'postgresql', await wal.reader());
    };

    /** Changes some rows of tables here and in another tablespace, and makes and drops others. */
    const live = (round: number): Promise<string> =>
      sql(`UPDATE users SET name = name || '${round}' WHERE id % 97 = 0; DELETE FROM users WHERE id = ${round};
        UPDATE far SET name = 'far ${round}' WHERE id = ${round}; DROP TABLE IF EXISTS of_${round - 1};
        CREATE TABLE of_${round} AS SELECT g AS id FROM generate_series(1, ${round} * 100) g; CHECKPOINT`);

    const fingerprint = async (): Promise<Fingerprint> =>
      engineOf(target()).fingerprint(app.run, await openSource(app.run, target()), app.run.now());

    /** What the log makes of the newest base. */
    const recovered = async (): Promise<Fingerprint> =>
      (await recoverNewest(app, 'postgresql')).manifest.fingerprint;

    /** Writes an object again, altered. */
    const alter = async (key: string, change: (bytes: Buffer) => Buffer): Promise<() => Promise<void>> => {
      const bytes = Buffer.from(await collect(store.get(key)));
      await store.put(key, oneChunk(change(Buffer.from(bytes))), { replace: true });
      return () => store.put(key, oneChunk(bytes), { replace: true }).then(() => {});
    };

    beforeAll(async () => {
      usePrograms(version);
      offline = offlineRecovery(version.programs);
      folder = workFolder('increments');
      data = join(workFolder('summarizing'), 'data');
      server = await startPostgresql({
        programs: version.programs,
        data,
        settings: { full_page_writes: 'on' },
        initdb: ['--data-checksums'],
      });
      await summarize('on');
      wal = await receiveWal(server);
      await server.psql('postgres', 'CREATE DATABASE grill');
      await server.psql('postgres', `CREATE TABLESPACE far LOCATION '${workFolder('space')}'`);
      await sql(`CREATE TABLE users AS SELECT g AS id, repeat('name ' || g, 20) AS name FROM generate_series(1, 20000) g;
        CREATE TABLE far (id int, name text) TABLESPACE far; INSERT INTO far SELECT g, repeat('x', 500) FROM generate_series(1, 5000) g`);
      [fixture, replicas] = [await startDirectory(), await startDirectory()];
      [store, replica] = [await fixture.open(), await replicas.open()];
      app = appWith({});
      await takeBase(app, 'postgresql');
    }, slowMs);

    afterAll(async () => {
      await wal.stop();
      await server.stop();
      await fixture.stop();
      await replicas.stop();
      await offline.stop();
      await removeFolder(folder);
    });

    test(
      'hold what changed, one on the other, in every store, and each is verified',
      async () => {
        const whole = await newest();
        for (let round = 1; round <= 2; round++) {
          await live(round);
          const before = await newest();
          const result = await takeBase(app, 'postgresql');
          expect(result).toMatchObject({ kind: 'increment', incrementOf: before.manifest.id });
          expect(result.notIncremental).toBeUndefined();
          expect(result.sourceBytes).toBeLessThan(whole.manifest.sourceBytes / 2);
          expect(renderBase(result)).toContain('increment of');
        }
        for (const each of [store, replica]) {
          const all = await bases(each);
          expect(all.map(({ manifest }) => manifest.base.kind)).toEqual(['base', 'increment', 'increment']);
          for (const base of all) await verifyBase(app, base, 'deep');
        }
        await storeAll();
        const { results } = await verify(app, { level: 'deep', target: 'postgresql', last: 1 });
        const ofBases = results.filter(({ tier }) => tier === 'base');
        expect(ofBases).toHaveLength(6);
        expect(ofBases.every(({ ok, level }) => ok && level === 'deep')).toBe(true);
      },
      slowMs,
    );

    test(
      'become what the server is, by a recovery, a data directory, and recover.sh',
      async () => {
        await sql('INSERT INTO far VALUES (6000, $$the last$$)');
        await storeAll();
        expect(await recovered()).toEqual(await fingerprint());
        const [own, theirs] = [`${folder}/own`, `${folder}/theirs`];
        const options: RestoreOptions = {
          until: 'latest',
          test: false,
          dryRun: false,
          dataDirectory: own,
          confirm: () => Promise.resolve(true),
        };
        const { failed } = await restore(app, ['postgresql'], options);
        expect(failed).toBeUndefined();
        expect((await readdir(folder)).toSorted()).toEqual(['own', 'own_tablespaces']);
        const base = join(store.location, (await newest()).key);
        const withLog = [
          '--key-file',
          offline.keyFile,
          '--log',
          join(placeOf(app, 'postgresql').store.location, 'wal/postgresql'),
        ];
        const proved = { code: 0, stderr: expect.stringMatching(/^(proved: .*\n){4}/) };
        expect(await offline.run('verify', base, ...withLog)).toEqual(proved);
        const written = { code: 0, stderr: expect.stringMatching(/^(proved: .*\n){3}written: /) };
        expect(await offline.run('wal', base, ...withLog, '--into', theirs)).toEqual(written);
        const counts =
          'SELECT (SELECT sum(hashtext(name)) FROM users), (SELECT sum(hashtext(name)) FROM far), count(*) FROM of_2';
        const live = await sql(counts);
        for (const each of [own, theirs])
          expect(await answerFrom(each, { ...version, password: server.password }, 'grill', counts)).toBe(
            live,
          );
      },
      slowMs,
    );

    test(
      'are refused where what they go on from is gone or damaged, by name',
      async () => {
        const [, middle, last] = await bases();
        const whole = await alter(mustExist(middle, 'base').key, (bytes) => {
          bytes[bytes.length >> 1]! ^= 1;
          return bytes;
        });
        await expect(recovered()).rejects.toMatchObject({
          message: expect.stringContaining(mustExist(middle, 'base').key),
        });
        await whole();
        const manifestKey = `${mustExist(middle, 'base').key}.manifest.json`;
        const manifest = await collect(store.get(manifestKey));
        await store.remove(manifestKey);
        await replica.remove(manifestKey);
        const { findings } = await check(app, { target: 'postgresql', repair: false });
        expect(findings).toContainEqual(
          expect.objectContaining({
            kind: 'increment-without-base',
            key: mustExist(last, 'base').key,
            severity: 'problem',
          }),
        );
        const { results } = await verify(app, { level: 'quick', target: 'postgresql', last: 1 });
        expect(results).toContainEqual(
          expect.objectContaining({
            archive: mustExist(last, 'base').key,
            problem: expect.objectContaining({ code: 'archive.unknown' }),
          }),
        );
        for (const each of [store, replica])
          await each.put(manifestKey, oneChunk(manifest), { replace: true });
      },
      slowMs,
    );

    test(
      'are rolled like any base',
      async () => {
        await live(3);
        await storeAll();
        const before = await newest();
        expect(await takeBase(app, 'postgresql', 'log')).toMatchObject({
          kind: 'rolled',
          rolledFrom: before.manifest.id,
        });
        expect(await recovered()).toEqual(await fingerprint());
        await live(4);
        expect(await takeBase(app, 'postgresql')).toMatchObject({ kind: 'increment' });
        await storeAll();
        expect(await recovered()).toEqual(await fingerprint());
      },
      slowMs,
    );

    test(
      'give way to a whole base where the plan, the person or the server wants one, and it says why',
      async () => {
        expect(await takeBase(appWith({ increments: '1s' }), 'postgresql')).toMatchObject({ kind: 'base' });
        expect(await takeBase(app, 'postgresql', 'server')).toMatchObject({ kind: 'base' });
        const layer = await newest();
        expect(await takeBase(app, 'postgresql')).toMatchObject({ kind: 'increment' });
        const intact = await alter(layer.key, (bytes) => bytes.subarray(0, -4096));
        expect(await takeBase(app, 'postgresql')).toMatchObject({
          kind: 'base',
          notIncremental: expect.stringContaining(`base ${layer.key} has `),
        });
        await intact();
        const { key } = await newest();
        const whole = await alter(key, (bytes) => bytes.subarray(0, -4096));
        const damaged = await takeBase(app, 'postgresql');
        expect(damaged).toMatchObject({
          kind: 'base',
          notIncremental: expect.stringMatching(/^the base before: .*(cut|bytes|truncated)/),
        });
        expect(renderBase(damaged)).toContain('no increment: the base before');
        await whole();
        const { redo } = factsOf((await newest()).manifest);
        await sql('CREATE TABLE summarized (id int); CHECKPOINT');
        const later = `SELECT count(*) > 0 FROM pg_available_wal_summaries() WHERE end_lsn > '${formatPosition(redo)}'`;
        await until(async () => (await sql(later)).trim() === 't');
        await rm(join(data, 'pg_wal/summaries'), { recursive: true });
        await mkdir(join(data, 'pg_wal/summaries'), { mode: 0o777 });
        await chmod(join(data, 'pg_wal/summaries'), 0o777); // another user's
        expect(await takeBase(app, 'postgresql')).toMatchObject({
          kind: 'base',
          notIncremental: expect.stringMatching(/^WAL summaries are required on timeline 1 from /),
        });
        const { PATH } = process.env;
        process.env['PATH'] = PATH?.replace(`${version.programs}:`, '');
        const without = await takeBase(app, 'postgresql');
        process.env['PATH'] = PATH;
        expect(without).toMatchObject({
          kind: 'base',
          notIncremental: expect.stringMatching(
            /^pg_combinebackup of PostgreSQL \d+, which restores increments, is not/,
          ),
        });
        await summarize('off');
        const usual = await takeBase(app, 'postgresql');
        expect(usual.kind).toBe('base');
        expect(usual.notIncremental).toBeUndefined();
      },
      slowMs,
    );
  });
