import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import type { RestoreOptions } from '../../runtime/src/commands/restore/plan.ts';
import { restore } from '../../runtime/src/commands/restore/restore.ts';
import { messageOf } from '../../runtime/src/core/errors.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { ancestors } from '../../runtime/src/engines/postgresql/replication/history.ts';
import { formatPosition } from '../../runtime/src/engines/postgresql/replication/positions.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { factsOf } from '../../runtime/src/wal/base-manifest.ts';
import { allBases, type Base } from '../../runtime/src/wal/bases.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { openLogReader } from '../../runtime/src/wal/reader.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { accountOf, targetWithLog, testApp } from '../kit/app.ts';
import { binDir, startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { answerFrom, offlineRecovery, type Offline, type OfflineRecovery } from '../kit/offline-wal.ts';
import { receiveWal, type ReceivedWal } from '../kit/received-wal.ts';
import { storeLog } from '../kit/store-log.ts';

const slowMs = 240_000;

let server: TestPostgresql;
let wal: ReceivedWal;
let fixture: StoreFixture;
let app: App;
let base: Base;
let pieces: readonly string[];
let folder: string;
let offline: OfflineRecovery;
let before: Date;
/** Of the log; the last commit is older. */
let ends: Date;
let lost: string;

const store = (): string => app.stores.primary.location;

/** Runs a command of the script on the base. */
const recover = (command: string, ...args: readonly string[]): Promise<Offline> =>
  offline.run(command, join(store(), base.key), ...args);

const withLog = (log = join(store(), 'wal/postgresql')): readonly string[] => [
  '--key-file',
  offline.keyFile,
  '--log',
  log,
];

const sql = (text: string): Promise<string> => server.psql('postgres', text);

beforeAll(async () => {
  server = await startPostgresql();
  wal = await receiveWal(server);
  folder = workFolder('offline-wal');
  offline = offlineRecovery(binDir);
  await sql('CREATE TABLE users AS SELECT g AS id FROM generate_series(1, 1000) g');
  fixture = await startDirectory();
  app = testApp({
    stores: { primary: await fixture.open(), replicas: [] },
    targets: [targetWithLog(server, 'postgres')],
    run: { readSecret: accountOf(server) },
  });
  await takeBase(app, 'postgresql');
  base = mustExist((await allBases(app, 'postgresql'))[0], 'base');
  await sql(
    `CREATE TABLE noise AS SELECT g, md5(g::text) AS text FROM generate_series(1, 120000) g; SELECT pg_switch_wal()`,
  );
  before = new Date(Number(await sql('SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000) + 1')));
  await sql('SELECT pg_sleep(0.005)');
  lost = (await sql('BEGIN; DELETE FROM users; SELECT pg_current_xact_id(); COMMIT')).replaceAll(/\D/g, '');
  await sql('CREATE TABLE later (id int)');
  const log = await wal.reader();
  ends = log.endTime;
  pieces = await storeLog(app, 'postgresql', log);
  expect(pieces.length).toBeGreaterThan(3);
}, slowMs);

afterAll(async () => {
  await wal.stop();
  await server.stop();
  await fixture.stop();
  await offline.stop();
  await removeFolder(folder);
});

const writeByProgram = async (into: string, options: Partial<RestoreOptions>): Promise<void> => {
  const confirm = () => Promise.resolve(true);
  const all = { test: false, dryRun: false, dataDirectory: into, confirm, ...options };
  const { failed } = await restore(app, ['postgresql'], all);
  if (failed) throw failed.error;
};

/** Names and contents of everything below a folder. */
const contents = (root: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .map((entry) => [join(entry.parentPath, entry.name), entry] as const)
      .map(([path, entry]) => [
        path.slice(root.length),
        entry.isFile() ? readFileSync(path).toString('base64') : 'folder',
      ]),
  );

/** What a server that starts from a data directory holds. */
const counted = (data: string): Promise<string> =>
  answerFrom(
    data,
    { password: server.password },
    'postgres',
    `SELECT (SELECT count(*) FROM users), to_regclass('later') IS NULL`,
  );

const stampOf = (time: Date): string => time.toISOString().replace('T', ' ').replace('Z', '');

describe('recover.sh wal', () => {
  test(
    'writes the data directory that the program writes, from which a server opens at the instant',
    async () => {
      const [own, theirs] = [join(folder, 'own'), join(folder, 'theirs')];
      await writeByProgram(own, { until: { time: before } });
      const { code, stderr } = await recover('wal', ...withLog(), '--into', theirs, '--to', stampOf(before));
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringMatching(/^proved: postgresql base of postgresql, test, taken .*\nwritten: /),
      });
      expect(contents(theirs)).toEqual(contents(own));
      rmSync(own, { recursive: true });
      expect((await counted(theirs)).trim()).toBe('1000|t');
    },
    slowMs,
  );

  test(
    'goes to just before a transaction, and to the end of the log',
    async () => {
      const [prior, latest] = [join(folder, 'prior'), join(folder, 'latest')];
      expect(await recover('wal', ...withLog(), '--into', prior, '--before-xid', lost)).toMatchObject({
        code: 0,
      });
      expect((await counted(prior)).trim()).toBe('1000|t');
      expect(await recover('wal', ...withLog(), '--into', latest)).toMatchObject({ code: 0 });
      expect((await counted(latest)).trim()).toBe('0|f');
    },
    slowMs,
  );

  test(
    'opens at the end of the log where nothing was committed after the instant, as the program does',
    async () => {
      const [own, theirs] = [join(folder, 'own-end'), join(folder, 'their-end')];
      await writeByProgram(own, { until: { time: ends } });
      const { code, stderr } = await recover('wal', ...withLog(), '--into', theirs, '--to', stampOf(ends));
      expect({ code, stderr }).toEqual({
        code: 0,
        stderr: expect.stringContaining('nothing follows that instant'),
      });
      expect(contents(theirs)).toEqual(contents(own));
      expect((await counted(own)).trim()).toBe('0|f');
    },
    slowMs,
  );

  test(
    'refuses a transaction that did not end in the log, as the program does',
    async () => {
      const into = join(folder, 'never');
      await expect(writeByProgram(into, { until: { beforeTransaction: '999999' } })).rejects.toMatchObject({
        code: 'log.unreached',
        message: expect.stringContaining('transaction 999999 did not end in the log'),
      });
      const { code, stderr } = await recover('wal', ...withLog(), '--into', into, '--before-xid', '999999');
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('transaction 999999 did not end in the log'),
      });
      expect(readdirSync(into)).toEqual([]);
    },
    slowMs,
  );

  test.each([
    ['a time before the base', ['--to', '2020-01-01 00:00:00'], 'is before the base'],
    ['a time after the log', ['--to', '2099-01-01'], '2099-01-01 00:00:00.000 is not there: the log reaches'],
    ['a position before the base', ['--to', '0/1'], 'is before the base'],
    ['a position after the log', ['--to', 'FF/0'], 'FF/0 is not there'],
    ['what is no time', ['--to', 'yesterday'], 'expected a time in UTC'],
  ])('refuses %s, and leaves nothing', async (_, args, message) => {
    const into = join(folder, 'refused');
    const { code, stderr } = await recover('wal', ...withLog(), '--into', into, ...args);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
    expect(() => readdirSync(into)).toThrow('ENOENT');
  });

  test(
    'leaves an empty folder where a piece is damaged',
    async () => {
      const into = join(folder, 'damaged');
      const log = join(folder, 'damaged-log');
      cpSync(join(store(), 'wal/postgresql'), log, { recursive: true });
      const piece = join(log, mustExist(pieces.at(-1), 'piece').slice('wal/postgresql/'.length));
      writeFileSync(piece, readFileSync(piece).subarray(0, -16));
      const { code, stderr } = await recover('wal', ...withLog(log), '--into', into);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringContaining('was altered, cut, renamed or exchanged'),
      });
      expect(readdirSync(into)).toEqual([]);
      expect(readdirSync(folder)).not.toContain('damaged_tablespaces');
      rmSync(log, { recursive: true });
    },
    slowMs,
  );
});

type Mutations = Readonly<Record<string, (paths: readonly string[]) => void>>;

/** What becomes of the log in a store, by paths of its pieces in order: what CI takes. */
const usual: Mutations = {
  nothing: () => {},
  'the newest piece missing': (paths) => rmSync(paths.at(-1)!),
  'a piece missing': (paths) => rmSync(paths.at(-2)!),
  'two pieces swapped': ([, a, b]) => {
    renameSync(a!, `${a}.tmp`);
    renameSync(b!, a!);
    renameSync(`${a}.tmp`, b!);
  },
  'a piece replayed under a later place': ([, a, b]) => copyFileSync(a!, b!),
  'a piece cut': ([, a]) => writeFileSync(a!, readFileSync(a!).subarray(0, -1)),
  'a byte flipped': ([, a]) => {
    const bytes = readFileSync(a!);
    bytes[100] = bytes[100]! ^ 1;
    writeFileSync(a!, bytes);
  },
  'a piece renamed to hold more': ([, a]) =>
    renameSync(a!, a!.replace(/_([0-9a-f]{16})_/, '_00000000ffffffff_')),
  'a history that nobody wrote': ([, a]) => {
    const name = `00000002_${'0'.repeat(64)}.history.enc`;
    writeFileSync(join(dirname(dirname(a!)), name), '1\t0/3000000\tno reason\n');
  },
};

/** `AGREEMENT` takes these too, as it does the whole of test/integration/agreement.test.ts. */
const rare: Mutations = {
  'a piece replayed on another timeline': ([, a]) => {
    const path = a!.replace('/00000001/', '/00000002/');
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(a!, path);
  },
  'a piece emptied': ([, a]) => writeFileSync(a!, ''),
  'a time renamed': ([, a]) => renameSync(a!, a!.replace(/_(\d{13})_/, '_1_')),
  'a piece that claims to be in the clear': ([, a]) => renameSync(a!, a!.replace(/\.enc$/, '')),
  'a piece twice, from another cut': ([, a]) => copyFileSync(a!, a!.replace(/_(\d{13})_/, '_1000000000000_')),
  'a piece under a name of no piece': ([, a]) => renameSync(a!, `${a}.partial`),
  'a history of a timeline that was before': ([, a]) => {
    const name = `00000001_${'0'.repeat(64)}.history.enc`;
    writeFileSync(join(dirname(dirname(a!)), name), 'nothing');
  },
};

const mutations = process.env['AGREEMENT'] ? { ...usual, ...rare } : usual;

describe('script and program agree on a log with', () => {
  /** Where the program's reader ends, or that it refuses. */
  const program = async (): Promise<string> => {
    const { system, timeline, start } = factsOf(base.manifest);
    try {
      const log = { ancestors, formatPosition };
      const reader = await openLogReader(placeOf(app, 'postgresql'), log, { system, timeline, from: start });
      for await (const bytes of reader.read(start)) void bytes;
      return reader.hole ? 'refused' : formatPosition(reader.end);
    } catch (error) {
      expect(messageOf(error)).toMatch(/altered|encrypted|gone|not in/);
      return 'refused';
    }
  };

  const byScript = async (): Promise<string> => {
    const { code, stderr } = await recover('verify', ...withLog());
    if (code === 0) return mustExist(/the log reaches \S+ \S+, (\S+)\n/.exec(stderr)?.[1], 'end');
    expect(stderr).toMatch(/\nerror: /);
    return 'refused';
  };

  test.each(Object.entries(mutations))(
    '%s',
    async (name, mutate) => {
      const log = join(store(), 'wal');
      const kept = join(folder, 'kept');
      cpSync(log, kept, { recursive: true });
      try {
        const { startLsn } = base.manifest.base;
        const needed = pieces.filter((key) => basename(key) >= startLsn);
        mutate(needed.map((key) => join(store(), key)));
        const [own, theirs] = [await program(), await byScript()];
        expect(theirs).toBe(own);
        const accepted = ['nothing', 'the newest piece missing', 'a piece replayed on another timeline'];
        if (!accepted.includes(name)) expect(own).toBe('refused');
      } finally {
        rmSync(log, { recursive: true });
        renameSync(kept, log);
      }
    },
    slowMs,
  );
});
