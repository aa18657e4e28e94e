import { expect, test } from '@jest/globals';
import { openKeeper } from '../../../runtime/src/console/state/keeper.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { until } from '../../kit/until.ts';

let fresh: Store;
beforeEachStore((store) => (fresh = store));

const [minuteMs, never] = [60_000, 2 ** 30];

/** A store that answers listings only while it is open. */
const gated = (store: Store) => {
  let gate = Promise.withResolvers<void>();
  gate.resolve();
  const list: Store['list'] = async function* (...of) {
    await gate.promise;
    yield* store.list(...of);
  };
  return {
    store: { ...store, list },
    close: () => void (gate = Promise.withResolvers()),
    open: () => gate.resolve(),
  };
};

const openWith = (primary: Store, waitMs: number) => {
  let elapsed = 0;
  const app = testApp({
    stores: { primary, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 1 })],
  });
  return {
    keeper: openKeeper(app, { waitMs, elapsed: () => elapsed }),
    pass: (ms: number) => void (elapsed += ms),
  };
};

test('who comes each minute is answered at once, while a store that hangs is read anew', async () => {
  const { store, close, open } = gated(fresh);
  const { keeper, pass } = openWith(store, never);
  expect(await keeper.look()).toMatchObject({ reading: false });
  close();
  pass(minuteMs - 1);
  expect(await keeper.look()).toMatchObject({ reading: false });
  pass(2 * minuteMs);
  expect(await keeper.look()).toMatchObject({ reading: true });
  open();
  await until(async () => !(await keeper.look()).reading);
});

test('what nobody looked at for minutes is read before it is shown', async () => {
  const { keeper, pass } = openWith(fresh, never);
  const { state } = await keeper.look();
  pass(10 * minuteMs);
  expect((await keeper.look()).state).not.toBe(state);
});

test('nobody waits longer for a store that hangs than is worth it', async () => {
  const { store, close } = gated(fresh);
  const { keeper, pass } = openWith(store, 1);
  await until(() => keeper.look());
  close();
  pass(10 * minuteMs);
  expect(await keeper.look()).toMatchObject({ reading: true });
});
