import { expect, test } from '@jest/globals';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('prune --dry-run shows the decisions, prune carries them out', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 40, 2, 1);
  const kept = async () => (await readCatalog(store, 'redis')).archives.length;
  const dry = await jsonOn(app, 'prune', '--dry-run');
  expect(dry.json.map(({ keep }: { keep: boolean }) => keep)).toEqual([false, true, true]);
  expect(await kept()).toBe(3);
  expect((await jsonOn(app, 'prune', 'redis')).json).toEqual(dry.json);
  expect(await kept()).toBe(2);
  expect((await runOn(app, 'prune')).stdout).toMatch(/^decision +store +archive +reason\nkeep /);
});
