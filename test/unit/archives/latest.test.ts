import { describe, expect, test } from '@jest/globals';
import { latestAliases, pointLatest } from '../../../runtime/src/archives/latest.ts';
import { latestKey, type Form } from '../../../runtime/src/archives/layout.ts';
import { pointNewest } from '../../../runtime/src/archives/point-newest.ts';
import { isBackupError } from '../../../runtime/src/core/errors.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { plantGenuine, type Claims } from '../../kit/planted.ts';
import { streamOf } from '../../kit/streams.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const gzip: Form = { compression: { algorithm: 'gzip' }, encryption: {} };
const zstd: Form = { compression: { algorithm: 'zstd' }, encryption: {} };
const claims: Claims = { at: new Date('2024-03-10T02:00:00Z'), tier: 'daily', id: 'ab'.repeat(16) };
const app = () =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { scratchDir: '/none' },
  });

describe('the alias of the newest archive', () => {
  test('names it, and so do those that earlier plans left', async () => {
    const older = await plantGenuine(store, claims);
    await pointLatest(store, 'redis', older, zstd);
    const newer = await plantGenuine(store, { ...claims, at: new Date('2024-03-11T02:00:00Z') });
    await pointLatest(store, 'redis', newer, gzip);
    expect(Object.fromEntries(await latestAliases(store, 'redis'))).toEqual({
      [latestKey('redis', gzip)]: newer,
      [latestKey('redis', zstd)]: newer,
    });
  });

  test('is none where none was made', async () => {
    await plantGenuine(store, claims);
    expect((await latestAliases(store, 'redis')).size).toBe(0);
  });

  test('does not keep a run from ending where something else has its name', async () => {
    const key = await plantGenuine(store, claims);
    await store.put(`${latestKey('redis', gzip)}/folder`, streamOf('odd'), {
      replace: true,
    });
    const error: unknown = await pointLatest(store, 'redis', key, gzip).catch((thrown: unknown) => thrown);
    expect(isBackupError(error, 'store.odd') || isBackupError(error, 'store.refused')).toBe(true);
    await pointNewest(app(), store, 'redis', key, gzip);
  });
});
