import { describe, expect, test } from '@jest/globals';
import { check } from '../../../../runtime/src/commands/check/check.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { compact } from '../../../../runtime/src/wal/compaction.ts';
import { recordGap } from '../../../../runtime/src/wal/gaps.ts';
import { gapKey, indexKey } from '../../../../runtime/src/wal/names.ts';
import { putPiece, sealPiece } from '../../../../runtime/src/wal/piece.ts';
import { placeOf } from '../../../../runtime/src/wal/place.ts';
import { testApp } from '../../../kit/app.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import {
  simulateBase,
  simulatedSystem as system,
  simulatePiece,
  simulatePromotion,
} from '../../../kit/simulated-log.ts';

const ten = Date.parse('2026-11-29T10:00:00Z');
/** So many minutes after ten. */
const at = (minutes: number): Date => new Date(ten + minutes * 60_000);

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const target = {
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: '127.0.0.1', port: 1, database: 'postgres' }, // nobody: what the stores have is told all the same
  secret: { name: 'postgresql' },
  pointInTime: {},
};

const appOver = (primary = store, replicas: readonly Store[] = [], changes: object = {}) =>
  testApp({
    stores: { primary, replicas },
    targets: [{ ...target, ...changes }],
    run: { now: () => at(300), readSecret: () => Promise.resolve('secret') },
  });

const base = (minutes: number, start: bigint, end: bigint, more: object = {}) =>
  simulateBase(appOver(), 'postgresql', at(minutes), { start, end, ...more });

const piece = (from: bigint, to: bigint, minutes: number, timeline = 1) =>
  simulatePiece(appOver(), 'postgresql', { from, to, at: at(minutes), timeline });

const place = () => placeOf(appOver(), 'postgresql');
const folder = `wal/postgresql/${system}/00000001/`;

/** Kind, key and severity of each finding about the log, with what is said of it. */
const found = async (app = appOver()) =>
  (await check(app, { repair: false })).findings.map(({ kind, key, severity, message, repairable }) => {
    expect(repairable).toBe(false);
    return [kind, key, severity, message];
  });

const hasOne = async (kind: string, key: string, severity: string, message: RegExp): Promise<void> =>
  expect(await found()).toEqual([[kind, key, severity, expect.stringMatching(message)]]);

/** Log of two hours that are over, each with its index, and of a third. */
const fill = async (): Promise<void> => {
  await base(0, 0n, 100n);
  for (const hour of [0, 1, 2]) await piece(BigInt(hour) * 1000n, BigInt(hour + 1) * 1000n, hour * 60);
  await compact({ signal: new AbortController().signal }, place(), {
    system,
    timeline: 1,
    time: at(120).getTime(),
  });
};

const indexAt = (hour: string): string => indexKey('postgresql', { system, timeline: 1, hour });

describe('check of a log', () => {
  test('finds nothing where it is whole', async () => {
    await fill();
    expect(await found()).toEqual([]);
  });

  test('names a hole that nobody recorded, until a later base has passed it', async () => {
    await fill();
    await piece(4000n, 5000n, 150);
    await hasOne(
      'log-hole',
      folder,
      'problem',
      /^log from 0\/BB8 to 0\/FA0 is missing, and nobody recorded why; .* grill-backup base postgresql$/,
    );
    await base(160, 4000n, 4100n);
    await hasOne('log-hole', folder, 'notice', /a later base has passed it/);
  });

  test('names a recorded gap with its reason, and one whose record was altered', async () => {
    await fill();
    await piece(4000n, 5000n, 150);
    const gap = { system, timeline: 1, from: 3000n, to: 4000n };
    await recordGap(place(), gap, 'the server no longer had the log', at(140));
    const recorded =
      /recorded as a gap at 2026-11-29T12:20:00.000Z: the server no longer had the log; no instant/;
    await hasOne('log-gap', folder, 'problem', recorded);
    const key = gapKey('postgresql', gap);
    await store.put(key, () => oneChunk('{"why":"no reason"}'), { replace: true });
    await hasOne('log-record-broken', key, 'problem', /was altered.*; remove it/);
  });

  test('names an index that does not prove itself, that does not follow, and a piece that it lists', async () => {
    await fill();
    await store.remove(indexAt('2026-11-29T10'));
    expect(await found()).toEqual([]); // retention removes the oldest
    await store.put(indexAt('2026-11-29T10'), () => oneChunk('{}'), { replace: true });
    await hasOne('log-index-broken', indexAt('2026-11-29T10'), 'problem', /was altered.*verify --level deep/);
  });

  test('names a piece that an index lists and that is gone', async () => {
    await base(0, 0n, 100n);
    const key = await piece(0n, 1000n, 0);
    await piece(1000n, 2000n, 60);
    await compact({ signal: new AbortController().signal }, place(), {
      system,
      timeline: 1,
      time: at(60).getTime(),
    });
    await store.remove(key);
    expect((await found()).map(([kind]) => kind).toSorted()).toEqual(['log-hole', 'log-index-broken']);
  });

  test('names what is no part of a log, and leaves it', async () => {
    await fill();
    await store.put(`${folder}notes.txt`, () => oneChunk('mine'), { replace: false });
    await hasOne('log-foreign', `${folder}notes.txt`, 'notice', /nobody reads it; remove it/);
  });

  test('names log of a server that was there before', async () => {
    await fill();
    const old = { system: '6000000000000000001', timeline: 1, from: 0n, to: 10n, time: at(-60).getTime() };
    await putPiece(place(), await sealPiece(place(), old, Buffer.alloc(10)));
    await hasOne(
      'log-of-other-system',
      'wal/postgresql/6000000000000000001/',
      'notice',
      /another server, whose log ended at 2026-11-29T09:00:00.000Z/,
    );
  });

  test('names a timeline that nothing leads to', async () => {
    await fill();
    await piece(3000n, 4000n, 130, 2);
    expect((await found()).map(([kind, key]) => [kind, key])).toContainEqual([
      'log-history-missing',
      `wal/postgresql/${system}/00000002/`,
    ]);
    await simulatePromotion(appOver(), 'postgresql', 3000n);
    expect(await found()).toEqual([]);
  });

  test('names log that the plan does not keep, that lies in another store, and that is of no target', async () => {
    await fill();
    const unplanned = await found(appOver(store, [], { pointInTime: undefined }));
    expect(unplanned.map(([kind, key]) => [kind, key])).toEqual([
      ['log-unplanned', `wal/postgresql/${system}/`],
    ]);
    const renamed = await found(appOver(store, [], { name: 'other' }));
    expect(renamed.map(([kind, key]) => [kind, key])).toEqual([
      ['log-of-no-target', 'base/postgresql/'],
      ['log-of-no-target', 'wal/postgresql/'],
    ]);
  });
});
