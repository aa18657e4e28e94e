import { expect, test } from '@jest/globals';
import { writeManifest } from '../../../runtime/src/archives/catalogue.ts';
import { fileName, manifestKey, rekeyedName } from '../../../runtime/src/archives/layout.ts';
import { catalogOf } from '../../../runtime/src/archives/of-target.ts';
import { replicate } from '../../../runtime/src/archives/replicate.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp, testKeys } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { plantGenuine, type Claims } from '../../kit/planted.ts';
import { collect, streamOf } from '../../kit/streams.ts';

let primary: Store;
let replica: Store;
beforeEachStore((store) => (primary = store));
beforeEachStore((store) => (replica = store));

const daily: Claims = { at: new Date('2024-03-10T02:00:00Z'), tier: 'daily', id: 'ab'.repeat(16) };
const now = () => new Date('2024-03-10T12:00:00Z');

const app = () =>
  testApp({
    stores: { primary, replicas: [replica] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { now },
  });

const textOf = async (store: Store, key: string): Promise<string> =>
  (await collect(store.get(key))).toString('utf8');

test('the second tier of a backup is a copy of the first one there', async () => {
  for (const tier of ['daily', 'weekly'] as const) await plantGenuine(primary, { ...daily, tier });
  const copies: string[] = [];
  const counting = {
    ...replica,
    copy: (from: string, to: string) => (copies.push(to), replica.copy(from, to)),
  };
  const { keys } = await replicate(app(), 'redis', Object.setPrototypeOf(counting, replica) as Store);
  expect([keys.length, copies.length]).toEqual([2, 1]);
});

test('an archive that only the primary store has under a new key does not get the bytes of the old one', async () => {
  const key = await plantGenuine(primary, daily);
  await plantGenuine(replica, daily);
  const { archives } = await catalogOf(app(), primary, 'redis');
  const { manifest } = archives[0]!;
  const to = rekeyedName(key, 'k2');
  const seal = { ...manifest.seal, sha256: '12'.repeat(32) };
  await primary.put(to, streamOf('renewed'));
  await writeManifest(primary, to, { ...manifest, archive: fileName(to), seal }, testKeys, {
    replace: false,
  });
  for (const old of [manifestKey(key), key]) await primary.remove(old);
  expect((await replicate(app(), 'redis', replica)).keys).toEqual([to]);
  expect(await textOf(replica, to)).toBe('renewed');
  expect(await textOf(replica, key)).toBe('archive');
});
