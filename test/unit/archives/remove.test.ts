import { describe, expect, test } from '@jest/globals';
import { manifestKey } from '../../../runtime/src/archives/layout.ts';
import { lockedBy, removeArchive } from '../../../runtime/src/archives/remove.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { plantGenuine, type Claims } from '../../kit/planted.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const claims: Claims = { at: new Date('2024-03-10T02:00:00Z'), tier: 'daily', id: 'ab'.repeat(16) };
const app = (signal = new AbortController().signal) =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { scratchDir: '/none', now: () => new Date('2024-03-10T12:00:00Z'), signal },
  });

/** The store, in some methods another one; a folder knows no Object Lock. */
const storeWith = (methods: Partial<Store>): Store => Object.setPrototypeOf({ ...methods }, store) as Store;

const lockedUntil =
  (locked: string, time: string): Store['head'] =>
  async (key) => {
    const found = await store.head(key);
    return found && key === locked ? { ...found, lockedUntil: new Date(time) } : found;
  };

describe('removeArchive', () => {
  test('removes the manifest first, so that what is left of a killed run counts as nothing', async () => {
    const key = await plantGenuine(store, claims);
    const removed: string[] = [];
    const noting = storeWith({ remove: (name) => (removed.push(name), store.remove(name)) });
    expect(await removeArchive(app(), noting, key)).toBeUndefined();
    expect(removed).toEqual([manifestKey(key), key]);
    expect([await store.head(key), await store.head(manifestKey(key))]).toEqual([undefined, undefined]);
  });

  test.each([
    ['archive', (key: string) => key],
    ['manifest', manifestKey],
  ])('removes neither while the %s is locked', async (_, lockedOf) => {
    const key = await plantGenuine(store, claims);
    const locked = storeWith({ head: lockedUntil(lockedOf(key), '2024-03-11T00:00:00Z') });
    expect(await removeArchive(app(), locked, key)).toMatch(/^locked until 2024-03-11/);
    expect(await store.head(key)).toBeDefined();
    expect(await store.head(manifestKey(key))).toBeDefined();
  });

  test('takes a lock that has ended for none', async () => {
    const key = await plantGenuine(store, claims);
    const ended = storeWith({ head: lockedUntil(key, '2024-03-10T11:59:59Z') });
    expect(await lockedBy(app(), ended, key)).toBeUndefined();
  });

  test('says why the store keeps it, and passes on what else fails', async () => {
    const key = await plantGenuine(store, claims);
    const failing = (code: 'store.locked' | 'store.failed') =>
      storeWith({ remove: () => Promise.reject(new BackupError(code, 'kept')) });
    expect(await removeArchive(app(), failing('store.locked'), key)).toBe('kept');
    await expect(removeArchive(app(), failing('store.failed'), key)).rejects.toMatchObject({
      code: 'store.failed',
    });
  });

  test('does not begin once the run is stopped', async () => {
    const key = await plantGenuine(store, claims);
    const stopped = app(AbortSignal.abort(new Error('received SIGTERM')));
    await expect(removeArchive(stopped, store, key)).rejects.toMatchObject({ code: 'run.interrupted' });
    expect(await store.head(manifestKey(key))).toBeDefined();
  });
});
