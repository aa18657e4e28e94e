import { expect, test } from '@jest/globals';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { oneChunk } from '../../../runtime/src/core/one-chunk.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { newState } from '../../../runtime/src/wal/receiver-state.ts';
import { beginReception } from '../../../runtime/src/wal/reception-record.ts';
import { listReceptions, putReception, readReception } from '../../../runtime/src/wal/receptions.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { startToyReceiver, toyPlace } from '../../kit/received.ts';
import { testRun } from '../../kit/run.ts';
import { toyServer } from '../../kit/toy-log.ts';
import { until } from '../../kit/until.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const ten = Date.parse('2026-11-29T10:00:00Z');
const runAt = (minutes: number, signal = new AbortController().signal) =>
  testRun({ now: () => new Date(ten + minutes * 60_000), signal });

const readAll = async () =>
  Promise.all((await listReceptions(toyPlace(store))).map((key) => readReception(toyPlace(store), key)));

const whatHappened = async (): Promise<readonly (readonly string[])[]> =>
  (await readAll()).map(({ events }) => events.map(({ what }) => what));

test('a receiver is written down while it runs, with what happened, and why it ended', async () => {
  const server = toyServer();
  server.write(50_000);
  const state = newState();
  const record = await beginReception(runAt(0), toyPlace(store), state);
  state.tell = record.tell;
  const receiver = startToyReceiver(server, toyPlace(store), { state });
  await until(() => server.slot() !== undefined);
  server.write(10_000);
  await until(() => state.stored === 60_000n);
  const running = await readAll();
  expect(running).toEqual([expect.not.objectContaining({ endedAt: expect.anything() })]);
  await receiver.stop();
  const stopping = AbortSignal.abort(new Error('SIGTERM'));
  await (await beginReception(runAt(1, stopping), toyPlace(store), newState())).end(undefined);
  const [first, second] = await readAll();
  expect(first!.events.map(({ what }) => what)).toEqual([
    'toy: made the slot, which the server did not have',
    `follows system ${server.system}, timeline 1 from 50000`,
  ]);
  expect(second).toMatchObject({ endedAt: '2026-11-29T10:01:00.000Z', ended: 'stopped: SIGTERM' });
});

test('one that was killed says nothing of its end, and the next one says that it took over', async () => {
  await beginReception(runAt(0), toyPlace(store), newState());
  const second = await beginReception(runAt(5), toyPlace(store), newState());
  await second.end(new BackupError('log.diverged', 'the store is ahead'));
  await beginReception(runAt(6), toyPlace(store), newState());
  expect(await whatHappened()).toEqual([
    [],
    [
      expect.stringMatching(
        /^took over from the receiver on .+, which ran since 2026-11-29T10:00:00.000Z and did not say that it ended$/,
      ),
    ],
    [],
  ]);
  expect((await readAll())[1]).toMatchObject({ ended: 'log.diverged: the store is ahead' });
});

test('a server that comes and goes for months leaves its newest events, and each trouble once', async () => {
  const record = await beginReception(runAt(0), toyPlace(store), newState());
  for (let count = 0; count < 150; count++) {
    record.tell('lost the log: refused');
    record.tell('lost the log: refused');
    record.tell(`follows ${count}`);
  }
  await record.end(undefined);
  const [{ events, omitted }] = (await readAll()) as [Awaited<ReturnType<typeof readAll>>[number]];
  expect([events.length, omitted, events.at(-1)!.what]).toEqual([200, 100, 'follows 149']);
});

test('a hundred stay, and what was altered counts nowhere', async () => {
  const facts = { format: 1, environment: 'test', target: 'toys', host: 'here', events: [] } as const;
  const none = { ...facts, startedAt: new Date(ten).toISOString(), pieces: 0, logBytes: 0, storedBytes: 0 };
  const keyOf = (count: number) =>
    `wal/toys/receptions/20261129_09${String(count).padStart(4, '0')}_abcdef.json`;
  const plant = (count: number) => putReception(toyPlace(store), keyOf(count), { ...none, events: [] });
  await Promise.all(Array.from({ length: 102 }, (_, count) => plant(count)));
  await beginReception(runAt(0), toyPlace(store), newState());
  const keys = await listReceptions(toyPlace(store));
  expect([keys.length, keys[0]]).toEqual([100, keyOf(3)]);
  await store.put(keys[0]!, () => oneChunk('{"format":1}'), { replace: true });
  await expect(readReception(toyPlace(store), keys[0]!)).rejects.toMatchObject({ code: 'archive.damaged' });
  await expect(readReception(toyPlace(store, { target: 'other' }), keys[1]!)).rejects.toMatchObject({
    code: 'archive.damaged',
  });
});
