import { describe, expect, test } from '@jest/globals';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { pieceKey, positionText } from '../../../runtime/src/wal/names.ts';
import { readGap } from '../../../runtime/src/wal/gaps.ts';
import { readStored } from '../../../runtime/src/wal/stored.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import {
  readBack,
  startToyReceiver,
  toyPlace,
  untilAllStored,
  type ToyReceiver,
} from '../../kit/received.ts';
import { toyServer } from '../../kit/toy-log.ts';
import { until } from '../../kit/until.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

/** A store that does something else before it puts. */
const puttingAfter = (before: (key: string) => Promise<void>): Store => ({
  ...store,
  put: async (key, body, options) => {
    await before(key);
    return store.put(key, body, options);
  },
});

const isPiece = (key: string): boolean => key.includes('.wal.');
const unreachable = () => new BackupError('store.unreachable', 'the store of the test is away');

describe('a receiver', () => {
  test('stores all of the log, and moves the slot to where it is stored', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    server.write(5000);
    await server.log.openSlot({} as never, {} as never, { name: 'toy', allowUnlimited: false });
    const receiver = startToyReceiver(server, place);
    server.write(123_456);
    await untilAllStored(server, receiver);
    server.write(1);
    await untilAllStored(server, receiver);
    await receiver.stop();
    const { bytes, reader } = await readBack(place, server, { timeline: 1, from: 5000n });
    expect(bytes.equals(server.bytes(5000n, server.position()))).toBe(true);
    expect(reader.hole).toBeUndefined();
    expect(receiver.state.point.at()).toBeDefined();
  });

  test('confirms nothing that is not stored, and nothing after a piece that is not, in whatever order they are done', async () => {
    const [server, held] = [toyServer(), Promise.withResolvers<void>()];
    const first = `/${positionText(0n)}_`; // whichever is sealed first
    const place = toyPlace(
      puttingAfter(async (key) => {
        if (key.includes(first)) await held.promise;
      }),
    );
    const receiver = startToyReceiver(server, place, { intervalMs: 60_000 });
    await until(() => server.slot() !== undefined);
    server.write(30_000);
    // another piece is stored, the first one is not
    await until(async () => (await readStored(place, server.system)).pieces.length >= 1);
    expect(server.slot()).toBe(0n);
    expect(receiver.state.stored).toBe(0n);
    held.resolve();
    await until(() => server.slot()! >= 20_000n);
    await receiver.stop();
  });

  test('holds the log back while the store is away, and then goes on where it was', async () => {
    const server = toyServer();
    let isAway = true;
    let tries = 0;
    const away = puttingAfter(async (key) => {
      if (isPiece(key)) tries++;
      if (isAway && isPiece(key)) throw unreachable();
    });
    const place = toyPlace(away);
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(100_000);
    await until(() => tries > 20);
    expect(server.slot()).toBe(0n);
    isAway = false;
    await untilAllStored(server, receiver);
    await receiver.stop();
    const { bytes } = await readBack(place, server, { timeline: 1, from: 0n });
    expect(bytes.equals(server.bytes(0n, server.position()))).toBe(true);
  });

  test('takes a piece that was stored although the answer was lost', async () => {
    const server = toyServer();
    let lost = 0;
    const place = toyPlace({
      ...store,
      put: async (key, body, options) => {
        const bytes = await store.put(key, body, options);
        if (isPiece(key) && lost++ < 3) throw unreachable();
        return bytes;
      },
    });
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(50_000);
    await untilAllStored(server, receiver);
    await receiver.stop();
    expect(lost).toBeGreaterThan(3);
    const { bytes } = await readBack(place, server, { timeline: 1, from: 0n });
    expect(bytes.length).toBe(50_000);
  });

  test('a store that says no ends it with the reason', async () => {
    const server = toyServer();
    const place = toyPlace(
      puttingAfter(async (key) => {
        if (isPiece(key)) throw new BackupError('store.refused', 'the account may not write');
      }),
    );
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(1000);
    await expect(receiver.ended).rejects.toMatchObject({ code: 'store.refused' });
    expect(server.slot()).toBe(0n);
  });

  test('one that was killed anywhere is followed by one that leaves no hole', async () => {
    const server = toyServer();
    const place = toyPlace(store);
    await server.log.openSlot({} as never, {} as never, { name: 'toy', allowUnlimited: false });
    const grave = Promise.withResolvers<never>();
    grave.promise.catch(() => {});
    const killed: ToyReceiver[] = [];
    for (let kill = 0; kill < 8; kill++) {
      let puts = 0;
      // no put is answered any more after some: to the store and the server it is as dead as a killed one
      const dying = puttingAfter(async (key) => {
        if (isPiece(key) && ++puts > kill % 4) await grave.promise;
      });
      killed.push(startToyReceiver(server, { ...place, store: dying }));
      server.write(7_777);
      server.write(30_000);
      await until(() => puts > kill % 4);
      server.cut();
    }
    server.recycle();
    const last = startToyReceiver(server, place);
    await untilAllStored(server, last);
    await last.stop();
    const { bytes, reader } = await readBack(place, server, { timeline: 1, from: 0n });
    grave.reject(unreachable());
    for (const each of killed) await each.stop();
    expect(reader.hole).toBeUndefined();
    expect(bytes.equals(server.bytes(0n, server.position()))).toBe(true);
  }, 60_000);

  test('a lost connection is made again', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(20_000);
    await untilAllStored(server, receiver);
    server.cut();
    server.write(20_000);
    await untilAllStored(server, receiver);
    await receiver.stop();
    const { bytes } = await readBack(place, server, { timeline: 1, from: 0n });
    expect(bytes.equals(server.bytes(0n, server.position()))).toBe(true);
  });

  test('follows a promotion, also to a server that had less of the log', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(20_000);
    await untilAllStored(server, receiver);
    server.promote();
    server.write(10_000);
    await untilAllStored(server, receiver);
    await receiver.stop();
    server.promote(25_000n);
    server.write(10_000);
    const next = startToyReceiver(server, place);
    await untilAllStored(server, next);
    await next.stop();
    const { bytes, reader } = await readBack(place, server, { timeline: 1, from: 100n });
    expect(reader.timelines).toEqual([
      { timeline: 1, from: 0n },
      { timeline: 2, from: 20_000n },
      { timeline: 3, from: 25_000n },
    ]);
    expect(bytes.equals(server.bytes(100n, 35_000n))).toBe(true);
    expect(await reader.history(1)).toBeUndefined();
    expect(server.log.ancestors((await reader.history(3))!)).toHaveLength(2);
    // what the second timeline wrote after the third took over is still there for who asks for it
    const own = await readBack(place, server, { timeline: 2, from: 26_000n });
    expect(own.bytes.length).toBe(4000);
  });

  test('a new primary without the slot that still has the log leaves no gap', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(20_000);
    await untilAllStored(server, receiver);
    await receiver.stop();
    server.write(5000);
    server.forget(1000n);
    const next = startToyReceiver(server, place);
    await untilAllStored(server, next);
    await next.stop();
    expect((await readStored(place, server.system)).gaps).toEqual([]);
    expect((await readBack(place, server, { timeline: 1, from: 0n })).bytes.length).toBe(25_000);
  });

  test('log that the server no longer has is a recorded gap: nothing is read across it, and what follows is whole', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(20_000);
    await untilAllStored(server, receiver);
    await receiver.stop();
    server.write(5000);
    server.forget(24_000n);
    server.write(1);
    const next = startToyReceiver(server, place);
    server.write(10_000);
    await untilAllStored(server, next);
    await next.stop();
    expect(next.state.gaps).toBe(1);
    const { gaps } = await readStored(place, server.system);
    expect(gaps).toHaveLength(1);
    const gap = gaps[0]!;
    expect(gap.from).toBe(20_000n);
    expect(gap.to).toBeGreaterThanOrEqual(25_001n);
    expect((await readGap(place, gap)).why).toBe('the server no longer had the log');

    const before = await readBack(place, server, { timeline: 1, from: 0n });
    expect(before.bytes.length).toBe(20_000);
    expect(before.reader.hole).toEqual({ from: gap.from, to: gap.to, before: before.reader.endTime });
    const after = await readBack(place, server, { timeline: 1, from: gap.to });
    expect(after.bytes.equals(server.bytes(gap.to, server.position()))).toBe(true);
    await expect(readBack(place, server, { timeline: 1, from: 20_500n })).rejects.toMatchObject({
      code: 'log.gap',
    });

    // and it goes on after it
    const third = startToyReceiver(server, place);
    server.write(100);
    await untilAllStored(server, third);
    await third.stop();
    expect((await readStored(place, server.system)).gaps).toHaveLength(1);
  });

  test('a server that was put back on the same timeline is refused', async () => {
    const place = toyPlace(store);
    const server = toyServer();
    const receiver = startToyReceiver(server, place);
    await until(() => server.slot() !== undefined);
    server.write(20_000);
    await untilAllStored(server, receiver);
    await receiver.stop();
    const back = toyServer(server.system);
    back.write(10_000);
    await expect(startToyReceiver(back, place).ended).rejects.toMatchObject({
      code: 'log.diverged',
      message: expect.stringMatching(
        /has the log of timeline 1 up to 20000, and the server has it up to 10000 only/,
      ),
    });
  });

  test('another system gets a folder of its own', async () => {
    const place = toyPlace(store);
    const [first, second] = [toyServer('7000000000000000001'), toyServer('7000000000000000002')];
    for (const server of [first, second]) {
      const receiver = startToyReceiver(server, place);
      await until(() => server.slot() !== undefined);
      server.write(10_000);
      await untilAllStored(server, receiver);
      await receiver.stop();
    }
    for (const server of [first, second])
      expect((await readBack(place, server, { timeline: 1, from: 0n })).bytes.length).toBe(10_000);
  });

  test('log that comes soon after a piece waits until the interval is over', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    await server.log.openSlot({} as never, {} as never, { name: 'toy', allowUnlimited: false });
    const intervalMs = 2000;
    const receiver = startToyReceiver(server, place, { intervalMs });
    server.write(100);
    await untilAllStored(server, receiver);
    const { time } = receiver.state.newest!;
    server.write(100);
    await untilAllStored(server, receiver);
    const second = receiver.state.newest!;
    expect(second.from).toBe(100n);
    const isStored = Date.now();
    expect(isStored - time).toBeGreaterThanOrEqual(intervalMs);
    await receiver.stop();
  });

  test('pieces are as large as the plan says, and do not wait for the interval', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    await server.log.openSlot({} as never, {} as never, { name: 'toy', allowUnlimited: false });
    const pieceBytes = 9 << 20;
    const receiver = startToyReceiver(server, place, { pieceBytes, intervalMs: 3_600_000 });
    server.write(pieceBytes);
    await untilAllStored(server, receiver);
    expect((await readStored(place, server.system)).pieces).toHaveLength(1);
    await receiver.stop();
  });

  test('a stop stores what waits', async () => {
    const [server, place] = [toyServer(), toyPlace(store)];
    const receiver = startToyReceiver(server, place, { intervalMs: 3_600_000 });
    await until(() => server.slot() !== undefined);
    server.write(999);
    await until(() => receiver.state.received === 999n);
    expect((await readStored(place, server.system)).pieces).toEqual([]);
    await receiver.stop();
    expect(server.slot()).toBe(999n);
    const [piece] = (await readStored(place, server.system)).pieces;
    expect(await store.head(pieceKey('toys', piece!))).toBeDefined();
  });
});
