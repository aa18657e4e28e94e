import { expect, test } from '@jest/globals';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('show tells all of the newest archive, or of one that is named', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 2, 1);
  const { json } = await jsonOn(app, 'show', 'redis');
  const { stdout } = await runOn(app, 'show', 'redis', json.archive);
  for (const part of [
    json.archive,
    'authentic',
    'key primary',
    'entries',
    'dump.rdb',
    'fingerprint',
    'keys 100',
  ])
    expect(stdout).toContain(part);
});

test('show of an archive that is not there is refused', async () => {
  expect((await jsonOn(appOver(store), 'show', 'redis')).problem?.code).toBe('archive.unknown');
});
