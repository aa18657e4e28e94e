import { beforeEach, expect, test } from '@jest/globals';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { oneChunk } from '../../runtime/src/core/one-chunk.ts';
import { writeRun } from '../../runtime/src/runs/records.ts';
import { findTarget, type App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import type { Making } from '../../runtime/src/wal/base-manifest.ts';
import { readBases, writeBase, type Base } from '../../runtime/src/wal/bases.ts';
import { compact } from '../../runtime/src/wal/compaction.ts';
import { readIndex } from '../../runtime/src/wal/index-chain.ts';
import { pieceKey } from '../../runtime/src/wal/names.ts';
import { putPiece, sealPiece, type SealedPiece } from '../../runtime/src/wal/piece.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { readStored } from '../../runtime/src/wal/stored.ts';
import { testApp, testKeys } from '../kit/app.ts';
import { jsonOn, runOn } from '../kit/command-line.ts';
import { beforeEachStore } from '../kit/fresh-store.ts';
import { listed } from '../kit/objects.ts';

const system = '7000000000000000001';
const [midnight, hourMs] = [Date.parse('2026-11-29T00:00:00Z'), 3_600_000];
const hourBytes = 1n << 12n;

let store: Store;
let clock: number;
beforeEachStore((fresh) => (store = fresh));

const target = {
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: 'nowhere', database: 'postgres' },
  secret: { name: 'postgresql' },
};

const appOf = (pointInTime: object | undefined, primary = store): App =>
  testApp({
    stores: { primary, replicas: [] },
    targets: [{ ...target, ...(pointInTime && { pointInTime }) }],
    run: { now: () => new Date(clock) },
  });

/** Log of an hour, in two pieces; what was sealed is returned. */
const storeHour = async (app: App, hour: number): Promise<readonly SealedPiece[]> => {
  const place = placeOf(app, target.name);
  const sealed: SealedPiece[] = [];
  for (const half of [0n, 1n]) {
    const from = BigInt(hour) * hourBytes + (half * hourBytes) / 2n;
    const to = from + hourBytes / 2n;
    const time = midnight + hour * hourMs + (half === 0n ? 60_000 : 120_000);
    const plain = Buffer.alloc(Number(to - from), hour);
    const piece = await sealPiece(place, { system, timeline: 1, from, to, time }, plain);
    await putPiece(place, piece);
    sealed.push(piece);
  }
  return sealed;
};

/** A base that needs the log from an hour on; its content is nothing that these tests read. */
const storeBase = async (app: App, hour: number, making?: Making): Promise<Base> => {
  clock = midnight + hour * hourMs + 180_000;
  const start = BigInt(hour) * hourBytes;
  async function* entries() {
    yield { name: 'base.tar', content: oneChunk('a base') };
  }
  const facts = { system, timeline: 1, start, redo: start, end: start + hourBytes, checksums: true };
  const server = { product: 'PostgreSQL', version: '15.1', tools: {} };
  const dump = { server, entries: entries(), facts: async () => facts, close: async () => {} };
  return writeBase(app, findTarget(app.plan, target.name), dump, making);
};

const keys = async (): Promise<readonly string[]> => {
  const all: string[] = [];
  for (const prefix of ['wal/', 'base/']) for (const { key } of await listed(store, prefix)) all.push(key);
  return all;
};

let app: App;
let bases: readonly string[];
let early: readonly SealedPiece[];

/** Ten hours of compacted log, with bases of the hours 1, 4 and 8. */
beforeEach(async () => {
  app = appOf({ window: '4h' });
  early = await storeHour(app, 0);
  for (let hour = 1; hour < 10; hour++) await storeHour(app, hour);
  bases = [];
  for (const hour of [1, 4, 8]) bases = [...bases, (await storeBase(app, hour)).key];
  clock = midnight + 9 * hourMs + 120_000;
  await compact(app.run, placeOf(app, target.name), { system, timeline: 1, time: clock });
});

const folder = `wal/postgresql/${system}/00000001/`;

test('prune removes what no instant of the window needs, and says why', async () => {
  const before = await keys();
  const { json: dry } = await jsonOn(app, 'prune', '--dry-run');
  expect(await keys()).toEqual(before);
  const { json } = await jsonOn(app, 'prune');
  expect(json).toEqual(dry);
  expect(json).toMatchObject([
    { key: bases[0], keep: false, reason: 'no instant of the window needs it' },
    { key: bases[1], keep: true, reason: 'the start of the window is recovered from it' },
    { key: bases[2], keep: true, reason: 'of the window' },
    {
      key: folder,
      keep: false,
      objects: 8,
      reason: 'log up to 0/4000, older than the window, and no kept base needs it',
    },
    { key: folder, keep: true, objects: 7, reason: 'log of the window, or that a kept base needs' },
  ]);
  const place = placeOf(app, target.name);
  const { pieces, hours } = await readStored(place, system);
  expect(pieces[0]).toMatchObject({ from: 4n * hourBytes });
  const indexes = await Promise.all(hours.map((hour) => readIndex(place, hour)));
  expect(indexes.map(({ hour }) => hour)).toEqual([4, 5, 6, 7, 8].map((hour) => `2026-11-29T0${hour}`));
  for (const [index, { previous }] of indexes.entries())
    if (index > 0) expect(previous).toBe(indexes[index - 1]!.mac);
  expect((await readBases(app, store, target.name)).bases.map(({ key }) => key)).toEqual(bases.slice(1));
  expect((await runOn(app, 'prune')).stdout).toMatch(/keep .* 7 objects: log of the window/);
  expect((await keys()).length).toBe(before.length - 10);
});

const waiting = async (waits: App, reason: RegExp, ...more: readonly string[]) => {
  const before = await keys();
  const { json } = await jsonOn(waits, 'prune', ...more);
  expect(json.every(({ keep }: { keep: boolean }) => keep)).toBe(true);
  expect(json.map((each: { reason: string }) => each.reason).join('\n')).toMatch(reason);
  expect(await keys()).toEqual(before);
};

test('nothing goes while the receiver is behind', async () => {
  clock += 2 * hourMs;
  await waiting(
    app,
    /while the receiver is behind: no log was stored since 2026-11-29T09:02:00.000Z/,
    '--force',
  );
});

test('nothing goes while a base cannot be read', async () => {
  await store.put(`${bases[1]}.manifest.json`, oneChunk('{}'), { replace: true });
  await waiting(app, /while this is not put right or removed: .*manifest/);
});

test('nothing goes while bases fail, unless a person wants it', async () => {
  const at = new Date(clock - 1000).toISOString();
  const failure = { code: 'source.unreachable', message: 'no answer' };
  const run = { format: 1, command: 'base', target: target.name, startedAt: at, finishedAt: at } as const;
  await writeRun(store, testKeys, { ...run, ok: false, exitCode: 3, failure, figures: {} }, 'x');
  await waiting(app, /while the last base failed: source.unreachable/);
  const { json } = await jsonOn(app, 'prune', '--force');
  expect(json[0]).toMatchObject({ key: bases[0], keep: false });
});

test('nothing goes where the plan keeps the log no more, which is said', async () => {
  await waiting(appOf(undefined), /the plan keeps no log of postgresql any more/, '--force');
});

test('what Object Lock keeps stays with all log after it, and is tried again', async () => {
  let locked = (key: string): boolean => key.includes(`2026-11-29T02`);
  const keeping: Store = {
    ...store,
    remove: async (key) => {
      if (locked(key)) throw new BackupError('store.locked', `${key} is locked until tomorrow`);
      await store.remove(key);
    },
  };
  const held = appOf({ window: '4h' }, keeping);
  const { json } = await jsonOn(held, 'prune');
  expect(json.slice(3)).toMatchObject(
    [
      { keep: false, objects: 2 },
      { keep: true, objects: 6, reason: /no kept base needs it; .*T02.* is locked until tomorrow/ },
      { keep: true },
    ].map((each) => ({ ...each, ...(each.reason && { reason: expect.stringMatching(each.reason) }) })),
  );
  expect((await readStored(placeOf(app, target.name), system)).pieces[0]).toMatchObject({ from: 0n });
  locked = () => false;
  await jsonOn(held, 'prune');
  const { pieces } = await readStored(placeOf(app, target.name), system);
  expect(pieces[0]).toMatchObject({ from: 4n * hourBytes });
});

test('pieces that a segment replaced go, where they were left', async () => {
  const replaced = early.map(({ name }) => pieceKey(target.name, name));
  for (const piece of early) await putPiece(placeOf(app, target.name), piece);
  clock = midnight + 9 * hourMs + 120_000;
  const long = appOf({ window: '30d' });
  const { json } = await jsonOn(long, 'prune');
  expect(json.slice(3)).toMatchObject([
    { keep: false, objects: 2, reason: 'pieces that segments replaced' },
    { keep: true, objects: 11 },
  ]);
  expect((await keys()).filter((key) => replaced.includes(key))).toEqual([]);
});

/** A whole base of hour 2, and an increment of it of hour 5. */
const storeIncrement = async (): Promise<readonly [whole: string, increment: string]> => {
  const now = clock;
  const whole = await storeBase(app, 2);
  const increment = await storeBase(app, 5, { kind: 'increment', of: whole.manifest.id });
  clock = now;
  return [whole.key, increment.key];
};

test('what an increment that is kept goes on from is kept, with the log since, and goes after it', async () => {
  const [whole, increment] = await storeIncrement();
  const { json } = await jsonOn(appOf({ window: '3h' }), 'prune');
  expect(json.slice(0, 5)).toMatchObject([
    { key: increment, keep: true, reason: 'the start of the window is recovered from it' },
    { key: bases[0], keep: false },
    { key: whole, keep: true, reason: 'an increment that is kept goes on from it' },
    { key: bases[1], keep: false },
    { key: bases[2], keep: true },
  ]);
  const { pieces } = await readStored(placeOf(app, target.name), system);
  expect(pieces[0]).toMatchObject({ from: 2n * hourBytes });
});

test('what a locked increment goes on from stays with it', async () => {
  const [whole, increment] = await storeIncrement();
  const keeping: Store = {
    ...store,
    remove: async (key) => {
      if (key.startsWith(increment)) throw new BackupError('store.locked', `${key} is locked until tomorrow`);
      await store.remove(key);
    },
  };
  const { json } = await jsonOn(appOf({ window: '30m' }, keeping), 'prune');
  expect(json).toContainEqual(
    expect.objectContaining({ key: increment, keep: true, reason: expect.stringContaining('locked') }),
  );
  expect(json).toContainEqual(
    expect.objectContaining({ key: whole, keep: true, reason: 'an increment that is kept goes on from it' }),
  );
});

test('nothing goes while an increment lacks what it goes on from', async () => {
  const [whole] = await storeIncrement();
  await store.remove(`${whole}.manifest.json`);
  await waiting(
    app,
    /put right or removed: base .* is an increment, and a base that it goes on from is not in/,
  );
});
