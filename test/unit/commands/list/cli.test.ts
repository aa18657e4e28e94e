import { expect, test } from '@jest/globals';
import { manifestKey } from '../../../../runtime/src/archives/layout.ts';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('list shows archives, and what does not count with the reason', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 2, 1);
  const [first] = (await readCatalog(store, 'redis')).archives;
  await store.put(manifestKey(first!.key), () => oneChunk('{'), { replace: true });
  const { json, problem } = await jsonOn(app, 'list', 'redis');
  expect(problem).toBeUndefined();
  expect(json).toMatchObject([
    { archive: first!.key, tier: 'unknown' },
    { tier: 'daily', target: 'redis' },
  ]);
  expect(json[0].problem).toMatch(/cannot be read/);
  const { stdout } = await runOn(app, 'list');
  expect(stdout.split('\n')[0]).toMatch(/^target +store +tier +taken +size +verified +archive$/);
  expect(stdout).toContain(json[1].archive);
});

test('list of a target that is not in the plan is refused', async () => {
  expect((await jsonOn(appOver(store), 'list', 'mysql')).problem?.code).toBe('target.unknown');
});
