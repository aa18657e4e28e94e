import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import { renderBase } from '../../runtime/src/commands/base/text.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { Fingerprint } from '../../runtime/src/engines/engine.ts';
import { logStateReader } from '../../runtime/src/health/log-state.ts';
import { engineOf, findTarget, openSource, type App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { readBases, verifyBase, type WholeBase } from '../../runtime/src/wal/bases.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { accountOf, targetWithLog, testApp } from '../kit/app.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { workFolder } from '../kit/private-server.ts';
import { receiveWal, type ReceivedWal } from '../kit/received-wal.ts';
import { recoverNewest } from '../kit/recover-newest.ts';
import { storeLog } from '../kit/store-log.ts';

/** One after the other. @default 2 - the second shows that a rolled one can be rolled; the proof is ten */
const rolls = Number(process.env.ROLLS ?? 2);

/** A roll starts a server twice, whose time is that of a busy machine. */
const slowMs = 300_000;

let server: TestPostgresql;
let wal: ReceivedWal;
let fixture: StoreFixture;
let store: Store;
let app: App;

const sql = (text: string): Promise<string> => server.psql('grill', text);
const target = () => findTarget(app.plan, 'postgresql');

const appWith = (base: object): App =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [targetWithLog(server, 'grill', { base }, { contentHash: true })],
    run: { readSecret: accountOf(server) },
  });

const bases = async (): Promise<readonly WholeBase[]> =>
  (await readBases(app, app.stores.primary, 'postgresql')).bases;

const storeAll = async (): Promise<void> => {
  await storeLog(app, 'postgresql', await wal.reader());
};

/** Changes old rows and new ones, of a table, an index and a large one beside, with a checkpoint in between. */
const live = async (round: number): Promise<void> => {
  await sql(`INSERT INTO users SELECT g, repeat('name ' || g, 1000) FROM generate_series(${round} * 1000 + 1, ${round} * 1000 + 500) g;
    DELETE FROM users WHERE id % ${7 + round} = 0; UPDATE users SET name = name || '${round}' WHERE id % 5 = 0`);
  await sql('CHECKPOINT');
  await sql(`INSERT INTO orders VALUES (${round}); TRUNCATE emptied; INSERT INTO emptied VALUES (${round})`);
};

/** What the log makes of the newest base. */
const recovered = async (): Promise<Fingerprint> =>
  (await recoverNewest(app, 'postgresql')).manifest.fingerprint;

beforeAll(async () => {
  server = await startPostgresql({
    settings: { full_page_writes: 'on', checkpoint_timeout: '1d' }, // checkpoints are the test's own
    initdb: ['--data-checksums'],
  });
  wal = await receiveWal(server);
  await server.psql('postgres', 'CREATE DATABASE grill');
  await server.psql('postgres', `CREATE TABLESPACE far LOCATION '${workFolder('space')}'`);
  await sql(`CREATE TABLE users (id int PRIMARY KEY, name text) TABLESPACE far; CREATE TABLE orders (id int);
    CREATE TABLE emptied (id int); CREATE UNLOGGED TABLE passing (id int)`);
  await server.psql('postgres', `ALTER SYSTEM SET work_mem = '5MB'`);
  fixture = await startDirectory();
  store = await fixture.open();
  app = appWith({});
  await takeBase(app, 'postgresql');
});

afterAll(async () => {
  await wal.stop();
  await server.stop();
  await fixture.stop();
});

describe('a base that is rolled', () => {
  test(
    'is proved, and comes from the log alone, one after the other',
    async () => {
      for (let round = 1; round <= rolls; round++) {
        await live(round);
        await storeAll();
        const before = mustExist((await bases()).at(-1), 'base');
        const result = await takeBase(app, 'postgresql', 'log');
        expect(result).toMatchObject({ kind: 'rolled', rolledFrom: before.manifest.id, checksums: true });
        const base = mustExist((await bases()).at(-1), 'base');
        expect(base.key).toBe(result.archive);
        expect(base.manifest.base.redoLsn > before.manifest.base.endLsn).toBe(true);
        expect(base.manifest.base.walThrough! >= base.manifest.base.endLsn).toBe(true);
        await verifyBase(app, base, 'deep');
        const { log } = await logStateReader(app)(target(), app.run.now());
        expect(log?.windows).toHaveLength(1); // the older base reaches up to it
      }
    },
    slowMs * rolls,
  );

  test(
    'becomes what the server is, without any base before it, and keeps what the server set',
    async () => {
      await sql('INSERT INTO orders VALUES (1000)');
      await storeAll();
      const all = await bases();
      for (const { key } of all.slice(0, -1)) {
        await app.stores.primary.remove(`${key}.manifest.json`);
        await app.stores.primary.remove(key);
      }
      const live = await engineOf(target()).fingerprint(
        app.run,
        await openSource(app.run, target()),
        app.run.now(),
      );
      expect(await recovered()).toEqual(live);
      expect(live['public.users']).toMatchObject({ content: expect.stringMatching(/^\w{32}$/) });
    },
    slowMs,
  );

  test(
    'is refused where the log has no checkpoint since, and by plan the server is copied instead',
    async () => {
      const refused = { code: 'log.unreached', message: expect.stringContaining('no checkpoint since') };
      await expect(takeBase(app, 'postgresql', 'log')).rejects.toMatchObject(refused);
      expect(await takeBase(app, 'postgresql')).toMatchObject({ kind: 'base' });
      await sql('INSERT INTO orders VALUES (1001)');
      await storeAll();
      const rolling = appWith({ roll: '90d' });
      const copied = await takeBase(rolling, 'postgresql');
      expect(copied).toMatchObject({ kind: 'base', notRolled: refused.message });
      expect(renderBase(copied)).toContain('not rolled');
      await live(rolls + 1);
      await storeAll();
      expect(await takeBase(rolling, 'postgresql')).toMatchObject({ kind: 'rolled' });
    },
    2 * slowMs,
  );
});
