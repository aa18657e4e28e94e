import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { oneChunk } from '../../runtime/src/core/one-chunk.ts';
import { collect } from '../../runtime/src/core/process.ts';
import { readCatalog } from '../../runtime/src/archives/catalogue.ts';
import { check } from '../../runtime/src/commands/check/check.ts';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import { generations } from '../../runtime/src/runs/lock-state.ts';
import { takeLock } from '../../runtime/src/runs/lock.ts';
import type { App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { readBases, verifyBase, type WholeBase } from '../../runtime/src/wal/bases.ts';
import { recordsOf, testApp } from '../kit/app.ts';
import { beforeEachStore } from '../kit/fresh-store.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';

let server: TestPostgresql;
let store: Store;
let replica: Store;
let app: App;

const target = () => ({
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: server.host, port: server.port, database: 'postgres' },
  secret: { name: 'postgresql' },
  pointInTime: { secret: { name: 'replicating' } },
});

beforeAll(async () => {
  server = await startPostgresql();
  await server.psql('postgres', `CREATE ROLE replicating LOGIN REPLICATION PASSWORD 'secret'`);
});
afterAll(() => server.stop());
beforeEachStore((fresh) => (store = fresh));
beforeEachStore((fresh) => (replica = fresh));
beforeEach(() => {
  const readSecret = (secret: string, key: string) =>
    Promise.resolve(key.includes('user') ? secret : 'secret'); // the plan's account for bases, not the nightly one
  app = testApp({
    stores: { primary: store, replicas: [replica] },
    targets: [target()],
    run: { readSecret },
  });
});

const only = async (from: Store): Promise<WholeBase> => {
  const { bases, broken } = await readBases(app, from, 'postgresql');
  expect(broken).toEqual([]);
  expect(bases).toHaveLength(1);
  return bases[0]!;
};

/** Writes an object again, altered. */
const alter = async (key: string, change: (bytes: Buffer) => Buffer): Promise<void> => {
  const bytes = await collect(store.get(key));
  await store.put(key, oneChunk(change(Buffer.from(bytes))), { replace: true });
};

describe('a base', () => {
  test('is committed with what a recovery has to know, in every store, and recorded', async () => {
    const result = await takeBase(app, 'postgresql');
    expect(result.archive).toMatch(/^base\/postgresql\/base_\d{8}_\d{6}\.tar\.gz\.enc$/);
    for (const each of [store, replica]) {
      const base = await only(each);
      expect(base.manifest).toMatchObject({
        base: { kind: 'base', timeline: 1, checksums: false, redoLsn: result.redoLsn, endLsn: result.endLsn },
        entries: [{ name: 'base.tar' }, { name: 'backup_manifest' }],
      });
      await verifyBase(app, base, 'deep');
    }
    expect(await recordsOf(store, 'postgresql')).toMatchObject([{ command: 'base', ok: true }]);
  });

  test('is none of the archives of today, and no leftover of them', async () => {
    await takeBase(app, 'postgresql');
    expect(await readCatalog(store, 'postgresql')).toEqual({ archives: [], broken: [] });
    const { findings } = await check(app, { repair: false });
    expect(findings.filter(({ key }) => key.startsWith('base'))).toEqual([]);
  });

  test('is verified in every store, with the log that it needs', async () => {
    const instants = async () =>
      (await verify(app, { level: 'quick', target: 'postgresql', last: 1 })).results.filter(
        ({ tier, problem }) => tier === 'base' || tier === 'log' || problem?.message.includes('base'),
      );
    expect(await instants()).toMatchObject([{ ok: false, problem: { code: 'archive.unknown' } }]);
    await takeBase(app, 'postgresql');
    const { key } = await only(store);
    expect(await instants()).toMatchObject([
      { tier: 'base', archive: key, store: store.location, ok: true },
      { tier: 'base', archive: key, store: replica.location, ok: true },
      {
        tier: 'log',
        archive: expect.stringMatching(/^wal\/postgresql\/\d+\//),
        problem: { code: 'log.gap' },
      },
    ]);
    await alter(key, (bytes) => bytes.subarray(0, 5000));
    expect((await instants())[0]).toMatchObject({ archive: key, problem: { code: 'archive.truncated' } });
  });

  test('is told by check where its file or its manifest is gone', async () => {
    await takeBase(app, 'postgresql');
    const { key } = await only(store);
    await store.remove(`${key}.manifest.json`);
    await replica.remove(key);
    const { findings } = await check(app, { target: 'postgresql', repair: false });
    expect(findings.filter((finding) => finding.key === key)).toMatchObject([
      { kind: 'archive-without-manifest', store: store.location },
      { kind: 'manifest-without-archive', store: replica.location, severity: 'problem' },
    ]);
  });

  test('whose copy failed is told by check, and copied by the next base', async () => {
    const away: Store = {
      ...replica,
      put: () => Promise.reject(new BackupError('store.unreachable', 'connection refused')),
    };
    const failing = { ...app, stores: { primary: store, replicas: [away] } };
    const message = /is committed in .*, but its copy to .* failed: connection refused/;
    await expect(takeBase(failing, 'postgresql')).rejects.toThrow(message);
    const { key } = await only(store);
    const lacking = async (repair: boolean) =>
      (await check(app, { target: 'postgresql', repair })).findings.filter(
        ({ kind }) => kind === 'copy-missing',
      );
    expect(await lacking(false)).toMatchObject([{ key, store: replica.location, repairable: true }]);
    app = { ...app, run: { ...app.run, now: () => new Date(Date.now() + 1500) } }; // bases of one second have one name
    await takeBase(app, 'postgresql');
    const { bases } = await readBases(app, replica, 'postgresql');
    expect(bases.map((base) => base.key)).toHaveLength(2);
    for (const base of bases) await verifyBase(app, base, 'deep');
    await replica.remove(`${key}.manifest.json`);
    expect((await lacking(true)).map(({ repaired }) => repaired)).toEqual([`copied from ${store.location}`]);
    expect(await lacking(false)).toEqual([]);
  });

  test('has a lock of its own: the nightly backup and it do not wait for each other', async () => {
    const nightly = await takeLock(app.run, store, 'postgresql', 'backup');
    await takeBase(app, 'postgresql');
    await nightly.release();
    expect((await generations(store, 'postgresql.base')).length).toBe(1);
  });

  test('is refused where it was altered, cut or renamed', async () => {
    await takeBase(app, 'postgresql');
    const base = await only(store);
    const copy = `base/postgresql/base_20200101_000000.tar.gz.enc`;
    await store.copy(`${base.key}.manifest.json`, `${copy}.manifest.json`);
    const { broken } = await readBases(app, store, 'postgresql');
    expect(broken).toMatchObject([{ key: copy, error: { code: 'archive.swapped' } }]);
    await alter(base.key, (bytes) => {
      bytes[5000]! ^= 1;
      return bytes;
    });
    await expect(verifyBase(app, base, 'deep')).rejects.toMatchObject({ code: 'archive.damaged' });
    await alter(base.key, (bytes) => bytes.subarray(0, 5000));
    await expect(verifyBase(app, base, 'quick')).rejects.toMatchObject({ code: 'archive.truncated' });
    await alter(`${base.key}.manifest.json`, (bytes) =>
      Buffer.from(bytes.toString().replace('"timeline": 1', '"timeline": 2')),
    );
    expect((await readBases(app, store, 'postgresql')).broken).toMatchObject([
      { key: copy },
      { key: base.key, error: { code: 'manifest.damaged' } },
    ]);
  });
});
