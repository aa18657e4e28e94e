import { expect, test } from '@jest/globals';
import { BackupError, type FailureCode } from '../../../runtime/src/core/errors.ts';
import { recordsReader } from '../../../runtime/src/runs/read-records.ts';
import { writeRun } from '../../../runtime/src/runs/records.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { testKeys } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { failed, recordOf } from '../../kit/run-records.ts';

const now = new Date('2024-01-31T12:00:00.000Z');
const signer = { environment: 'test', keys: testKeys };

let store: Store;
beforeEachStore((fresh) => (store = fresh));

/** A store that answers reading with an error until it is mended. */
const failing = (code: FailureCode) => {
  const state = { isMended: false };
  const get: Store['get'] = async function* (key, start) {
    if (!state.isMended) throw new BackupError(code, 'simulated');
    yield* store.get(key, start);
  };
  return { state, store: { ...store, get } };
};

test('a store that is away hides no failure: reading fails', async () => {
  await writeRun(store, testKeys, recordOf(1, failed('source.refused')), '000001');
  const away = failing('store.unreachable');
  const read = recordsReader(away.store, signer).read;
  await expect(read('redis', now)).rejects.toMatchObject({ code: 'store.unreachable' });
  away.state.isMended = true;
  expect(await read('redis', now)).toMatchObject([{ ok: false }]);
});

test('a record that the store refused is read again, though it did not change', async () => {
  await writeRun(store, testKeys, recordOf(1), '000001');
  const refusing = failing('store.refused');
  const read = recordsReader(refusing.store, signer).read;
  expect(await read('redis', now)).toEqual([]);
  refusing.state.isMended = true;
  expect(await read('redis', now)).toHaveLength(1);
});
