import { describe, expect, test } from '@jest/globals';
import { manifestKey } from '../../../runtime/src/archives/layout.ts';
import { expectedOf } from '../../../runtime/src/archives/of-target.ts';
import { listFiles, survey } from '../../../runtime/src/archives/survey.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { plantGenuine, plants, type Claims } from '../../kit/planted.ts';
import { streamOf } from '../../kit/streams.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const claims: Claims = { at: new Date('2024-03-10T02:00:00Z'), tier: 'daily', id: 'ab'.repeat(16) };
const expected = () =>
  expectedOf(
    testApp({
      stores: { primary: store, replicas: [] },
      targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
      run: { scratchDir: '/none', now: () => new Date('2024-03-12T12:00:00Z') },
    }),
    'redis',
  );

describe('a survey of a target', () => {
  test('has archives, what was set aside, and files without manifest', async () => {
    const good = await plantGenuine(store, claims);
    const later = { ...claims, at: new Date('2024-03-11T02:00:00Z') };
    const altered = await plants['was altered']!(store, later);
    const orphan = await plantGenuine(store, { ...claims, tier: 'weekly' });
    await store.remove(manifestKey(orphan));
    const found = await survey(store, expected());
    expect(found.archives.map(({ key }) => key)).toEqual([good]);
    expect(found.broken.map(({ key }) => key)).toEqual([altered]);
    expect(found.orphans.map(({ key }) => key)).toEqual([orphan]);
    expect([...found.files.keys()].sort()).toEqual([altered, good, orphan].sort());
  });

  test('does not count what is no archive, nor what is of other targets', async () => {
    await store.put('redis/notes.txt', streamOf('by hand'), { replace: true });
    await plantGenuine(store, { ...claims, target: 'other', engine: 'redis' });
    expect((await listFiles(store, 'redis')).files.size).toBe(0);
  });

  test('is empty where something else has the place of the folder', async () => {
    await store.put('redis', streamOf('no folder'), { replace: true });
    expect(await listFiles(store, 'redis')).toEqual({ files: new Map(), orphans: [] });
  });
});
