import { describe, expect, test } from '@jest/globals';
import { renderStatus } from '../../../runtime/src/commands/status/text.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import type { ListOptions, Store } from '../../../runtime/src/store/store.ts';
import { bothSides } from '../../kit/agreement.ts';
import { answersOf, type Answers } from '../../kit/answers.ts';
import { testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { simulateBase, simulatePiece, simulatePromotion } from '../../kit/simulated-log.ts';
import { simulateBackup } from '../../kit/simulated-runs.ts';

const ten = Date.parse('2026-11-29T10:00:00Z');
/** So many minutes after ten. */
const at = (minutes: number): Date => new Date(ten + minutes * 60_000);
const iso = (minutes: number): string => at(minutes).toISOString();
const unix = (minutes: number): number => at(minutes).getTime() / 1000;

let store: Store;
let clock: Date;
beforeEachStore((fresh) => {
  store = fresh;
  clock = at(60);
});

const target = {
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: '127.0.0.1', database: 'postgres' },
  secret: { name: 'postgresql' },
  rpo: '15m',
  pointInTime: {},
};

const appOver = (primary = store, replicas: readonly Store[] = [], changes: object = {}) =>
  testApp({
    stores: { primary, replicas },
    targets: [{ ...target, ...changes }],
    run: { now: () => clock },
  });

const base = (minutes: number, start: bigint, end: bigint, more: object = {}) =>
  simulateBase(appOver(), 'postgresql', at(minutes), { start, end, ...more });

/** A piece whose last byte was sent so many minutes after ten. */
const piece = (from: bigint, to: bigint, minutes: number, timeline = 1) =>
  simulatePiece(appOver(), 'postgresql', { from, to, at: at(minutes), timeline });

/** What both say, which must be the same. */
const answers = async (app = appOver(), read = stateReader(app)): Promise<Answers> => {
  const found = await answersOf(app, read);
  const [fromStatus, fromMetrics] = bothSides(found, clock);
  expect(fromStatus).toEqual(fromMetrics);
  return found;
};

const textOf = ({ status }: Answers): string => renderStatus([status]);

describe('the log of a target', () => {
  test('can be restored from the oldest base that it goes on from without a hole, up to its end', async () => {
    await base(0, 1000n, 1200n);
    await base(20, 3000n, 3300n);
    await piece(1000n, 2500n, 10);
    await piece(2500n, 5000n, 50);
    const found = await answers();
    expect(found.status).toMatchObject({
      recoveryPoint: iso(50),
      ageSeconds: 600,
      withinRpo: true,
      log: {
        windows: [{ from: iso(0), to: iso(50) }],
        holes: 0,
        bases: 2,
        newestBase: iso(20),
        setAside: [],
      },
    });
    expect(found.scrape).toMatchObject({
      recoveryPoint: unix(50),
      'logWindowStart 1': unix(0),
      'logWindowEnd 1': unix(50),
      logHoles: 0,
      bases: 2,
      brokenBases: 0,
      newestBaseAt: unix(20),
    });
    expect(textOf(found)).toContain(
      'postgresql: can be restored to any instant from 2026-11-29 10:00:00Z to 2026-11-29 10:50:00Z',
    );
  });

  test('is cut at a hole, and goes on from the next base', async () => {
    await base(0, 1000n, 1200n);
    await piece(1000n, 2500n, 10);
    await piece(2600n, 5000n, 50);
    const before = await answers();
    expect(before.status).toMatchObject({
      recoveryPoint: iso(10),
      withinRpo: false,
      log: { windows: [{ from: iso(0), to: iso(10) }], holes: 1 },
    });
    await base(40, 3000n, 3300n);
    const after = await answers();
    expect(after.status).toMatchObject({
      recoveryPoint: iso(50),
      log: { windows: [{ from: iso(0), to: iso(10) }, { from: iso(40), to: iso(50) }], holes: 1 },
    }); // prettier-ignore
    expect(after.scrape).toMatchObject({
      'logWindowStart 1': unix(40),
      'logWindowEnd 1': unix(50),
      'logWindowStart 2': unix(0),
      'logWindowEnd 2': unix(10),
      logHoles: 1,
    });
    expect(textOf(after)).toContain(
      'any instant from 2026-11-29 10:40:00Z to 2026-11-29 10:50:00Z, and from',
    );
    expect(textOf(after)).toContain('1 hole in the log: wal status postgresql shows where');
  });

  test('goes on over a promotion, without what the old primary wrote after it', async () => {
    await base(0, 1000n, 1200n);
    await piece(1000n, 2000n, 10);
    await piece(2000n, 9000n, 59);
    await simulatePromotion(appOver(), 'postgresql', 2500n);
    await piece(2500n, 3000n, 30, 2);
    await piece(3000n, 4000n, 40, 2);
    const { status } = await answers();
    expect(status.log).toMatchObject({ windows: [{ from: iso(0), to: iso(40) }], holes: 0 });
    await piece(4100n, 4200n, 60, 2);
    expect((await answers()).status.log).toMatchObject({ holes: 1 });
  });

  test('restores nothing without a base, nor while it has not reached the end of one', async () => {
    await piece(1000n, 2500n, 10);
    const none = await answers();
    expect(none.status).toMatchObject({ withinRpo: false, log: { windows: [], bases: 0, holes: 0 } });
    expect(none.status).not.toHaveProperty('recoveryPoint');
    expect(none.scrape).not.toHaveProperty('logWindowEnd 1');
    expect(textOf(none)).toContain('no instant can be restored: there is no base yet');
    await base(5, 1000n, 2600n);
    expect(textOf(await answers())).toContain('no instant can be restored: the log does not reach any base');
  });

  test('of the future does not count until it is past', async () => {
    await base(0, 1000n, 1200n);
    await piece(1000n, 2500n, 50);
    await piece(2500n, 3000n, 66);
    await base(67, 2500n, 2600n);
    const app = appOver();
    const read = stateReader(app);
    expect((await answers(app, read)).status).toMatchObject({
      recoveryPoint: iso(50),
      log: { bases: 1, setAside: [{ code: 'archive.future' }] },
    });
    clock = at(68);
    expect((await answers(app, read)).status).toMatchObject({
      recoveryPoint: iso(66),
      log: { bases: 2, setAside: [] },
    });
  });

  test('counts beside archives: the later one is the recovery point', async () => {
    await base(0, 1000n, 1200n);
    await piece(1000n, 2500n, 50);
    await simulateBackup(appOver(), 'postgresql', { at: at(20) });
    const { status } = await answers();
    expect(status).toMatchObject({ startedAt: iso(20), recoveryPoint: iso(50), withinRpo: true });
    await simulateBackup(appOver(), 'postgresql', { at: at(55) });
    expect((await answers()).status).toMatchObject({ startedAt: iso(55), recoveryPoint: iso(55) });
  });

  test('says nothing where the plan keeps none', async () => {
    await base(0, 1000n, 1200n);
    await piece(1000n, 2500n, 50);
    const { status, scrape } = await answers(appOver(store, [], { pointInTime: undefined, rpo: '24h' }));
    expect(status).not.toHaveProperty('log');
    expect(status).not.toHaveProperty('recoveryPoint');
    expect(Object.keys(scrape).filter((id) => /^log|base/i.test(id))).toEqual([]);
  });
});

/** Where each listing of the log began. */
const watched = (of: Store, listings: string[]): Store => ({
  ...of,
  list: (prefix: string, options: ListOptions = {}) => {
    if (prefix.startsWith('wal/')) listings.push(options.after ?? '');
    return of.list(prefix, options);
  },
});

test('a reader that goes on asks for new log alone, and for all of it from time to time', async () => {
  await base(0, 1000n, 1200n);
  await piece(1000n, 2500n, 10);
  await base(5, 1500n, 1600n);
  const removed = await piece(2500n, 3000n, 50);
  const listings: string[] = [];
  const read = stateReader(appOver(watched(store, listings)));
  const end = async () => (await read()).targets[0]!.log?.windows.at(-1)?.to;
  expect(await end()).toBe(iso(50));
  await piece(3000n, 3500n, 55);
  await simulatePromotion(appOver(), 'postgresql', 3500n);
  await piece(3500n, 3600n, 58, 2);
  expect(await end()).toBe(iso(58));
  const folder = 'wal/postgresql/7000000000000000001';
  expect(listings).toEqual(['', `${folder}/00000001/00000000000009c4`]);
  await store.remove(removed);
  expect(await end()).toBe(iso(58));
  expect(listings.at(-1)).toBe(`${folder}/00000002/0000000000000dac`);
  clock = at(71);
  expect(await end()).toBe(iso(10));
  expect(listings.at(-1)).toBe('');
});

test('a log in a store that is away is said to be unknown, and archives count alone', async () => {
  await base(0, 1000n, 1200n);
  await simulateBackup(appOver(), 'postgresql', { at: at(20) });
  const away: Store = {
    ...store,
    list: () => {
      throw new BackupError('store.unreachable', 'the bucket is away');
    },
  };
  const found = await answers(appOver(store, [away]));
  expect(found.status).toMatchObject({ recoveryPoint: iso(20), logProblem: 'the bucket is away' });
  expect(found.scrape).not.toHaveProperty('bases');
  expect(textOf(found)).toContain('postgresql: the log could not be read: the bucket is away');
  await expect(stateReader(appOver(away))()).rejects.toMatchObject({ code: 'store.unreachable' });
});
