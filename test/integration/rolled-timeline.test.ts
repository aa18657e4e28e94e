import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { allBases, verifyBase } from '../../runtime/src/wal/bases.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { accountOf, targetWithLog, testApp } from '../kit/app.ts';
import { promote, startReceiver, startStandby, type TestReceiver } from '../kit/failover.ts';
import { answerFrom, offlineRecovery, type OfflineRecovery } from '../kit/offline-wal.ts';
import { binDir, startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { recoverNewest } from '../kit/recover-newest.ts';
import { until } from '../kit/until.ts';

/** Servers start and stop, whose time is that of a busy machine. */
const slowMs = 300_000;

const slot = 'mine';
/** Checkpoints are the test's own: that of a promotion takes its time while pages are to be written. */
const settings = { max_slot_wal_keep_size: '4GB', checkpoint_timeout: '1d', full_page_writes: 'on' };
const counts = 'SELECT count(*), sum(hashtext(text)) FROM filled';

let fixture: StoreFixture;
let store: Store;
let standby: TestPostgresql;
let app: App;
let receiver: TestReceiver;
let offline: OfflineRecovery;
let folder: string;

const appOf = (server: TestPostgresql): App =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [targetWithLog(server, 'postgres')],
    run: { readSecret: accountOf(server) },
  });

const fill = (server: TestPostgresql): Promise<string> =>
  server.psql('postgres', `INSERT INTO filled SELECT n, md5(n::text) FROM generate_series(1, 20000) n`);

beforeAll(async () => {
  fixture = await startDirectory();
  store = await fixture.open();
  offline = offlineRecovery(binDir);
  folder = workFolder('rolled-timeline');
  const primary = await startPostgresql({ settings, initdb: ['--data-checksums'] });
  await primary.psql('postgres', 'CREATE TABLE filled (n int, text text)');
  standby = await startStandby(primary, settings);
  const before = appOf(primary);
  const first = startReceiver(placeOf(before, 'postgresql'), primary, slot);
  await first.untilStored();
  await takeBase(before, 'postgresql');
  await fill(primary);
  await primary.psql('postgres', 'CHECKPOINT');
  await fill(primary);
  await promote(primary, standby, first);
  app = appOf(standby);
  receiver = startReceiver(placeOf(app, 'postgresql'), standby, slot);
  await until(() => receiver.state.identity?.timeline === 2);
  await fill(standby);
  await receiver.untilStored();
}, slowMs);

afterAll(async () => {
  await receiver.stop();
  await standby.stop();
  await fixture.stop();
  await offline.stop();
  await removeFolder(folder);
});

describe('a base that is rolled over a switch of timelines', () => {
  test(
    'is refused while no checkpoint of the new timeline is stored',
    async () => {
      await expect(takeBase(app, 'postgresql', 'log')).rejects.toMatchObject({
        code: 'log.unreached',
        message: expect.stringContaining('no checkpoint on timeline 2'),
      });
    },
    slowMs,
  );

  test(
    'is of the new timeline, and becomes what its server is, with this program and by recover.sh',
    async () => {
      await standby.psql('postgres', 'CHECKPOINT');
      await fill(standby);
      await receiver.untilStored();
      expect(await takeBase(app, 'postgresql', 'log')).toMatchObject({ kind: 'rolled', timeline: 2 });
      const [base] = await allBases(app, 'postgresql');
      await verifyBase(app, mustExist(base, 'base'), 'deep');
      await fill(standby);
      await receiver.untilStored();
      const live = await standby.psql('postgres', counts);

      const data = await recoverNewest(app, 'postgresql');
      expect(data.key).toBe(base?.key);
      expect(data.manifest.fingerprint['public.filled']).toMatchObject({ rows: Number(live.split('|')[0]) });

      const into = join(folder, 'data');
      const { location } = store;
      const withLog = ['--key-file', offline.keyFile, '--log', join(location, 'wal/postgresql')];
      const written = await offline.run('wal', join(location, base!.key), ...withLog, '--into', into);
      expect(written).toMatchObject({ code: 0 });
      expect(await answerFrom(into, { password: standby.password }, 'postgres', counts)).toBe(live);
    },
    slowMs,
  );
});
