import { describe, expect, test } from '@jest/globals';
import { manifestKey } from '../../../runtime/src/archives/layout.ts';
import {
  graceEnd,
  removableOrphans,
  removeOrphans,
  surveyAll,
} from '../../../runtime/src/archives/orphans.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { plantGenuine, type Claims } from '../../kit/planted.ts';

let primary: Store;
let replica: Store;
beforeEachStore((store) => (primary = store));
beforeEachStore((store) => (replica = store));

const claims: Claims = { at: new Date('2024-03-10T02:00:00Z'), tier: 'daily', id: 'ab'.repeat(16) };
const orphan: Claims = { ...claims, at: new Date('2024-03-09T02:00:00Z'), id: 'cd'.repeat(16) };

/** Files are as old as the test; a clock that is ahead makes them older. */
const appAfter = (days: number) =>
  testApp({
    stores: { primary, replicas: [replica] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { scratchDir: '/none', now: () => new Date(Date.now() + days * dayMs) },
  });

const plantOrphan = async (store: Store): Promise<string> => {
  const key = await plantGenuine(store, orphan);
  await store.remove(manifestKey(key));
  return key;
};

const isThere = async (store: Store, key: string): Promise<boolean> => (await store.head(key)) !== undefined;

const removable = async (days: number): Promise<readonly string[]> => {
  const app = appAfter(days);
  const all = await surveyAll(app, 'redis');
  return all.flatMap((here) => removableOrphans(app, here, all).map(({ key }) => key));
};

describe('an archive without manifest', () => {
  test('goes after a day, and nothing else does', async () => {
    const kept = await plantGenuine(primary, claims);
    const key = await plantOrphan(primary);
    expect(await removable(2)).toEqual([key]);
    await removeOrphans(appAfter(2), 'redis');
    expect([await isThere(primary, key), await isThere(primary, kept)]).toEqual([false, true]);
  });

  test('stays while its run may go on', async () => {
    await plantGenuine(primary, claims);
    await plantOrphan(primary);
    expect(await removable(0)).toEqual([]);
    expect(graceEnd(appAfter(0)).getTime()).toBeLessThan(Date.now());
  });

  test('stays where another store has its manifest: that was lost here', async () => {
    await plantGenuine(primary, claims);
    await plantOrphan(primary);
    await plantGenuine(replica, orphan);
    expect(await removable(2)).toEqual([]);
  });

  test('stays where it is all that is left of the target', async () => {
    const key = await plantOrphan(primary);
    await removeOrphans(appAfter(2), 'redis');
    expect(await isThere(primary, key)).toBe(true);
  });
});
