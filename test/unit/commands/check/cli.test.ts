import { expect, test } from '@jest/globals';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { recordsOf } from '../../../kit/app.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('check names what is wrong, with one message on the terminal and in the record of the run', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 1);
  const { key } = (await readCatalog(store, 'redis')).archives[0]!;
  await jsonOn(app, 'check', 'redis', '--repair');
  expect((await runOn(app, 'check', 'redis')).stdout).toBe('nothing is wrong\n');
  await store.put(key, () => oneChunk('short'), { replace: true });
  const { json, problem } = await jsonOn(app, 'check', 'redis', '--repair');
  expect(json).toMatchObject({ ok: false, problems: 1, findings: [{ kind: 'size-mismatch', key }] });
  expect(problem).toMatchObject({
    exitCode: 8,
    message: `1 problem remains, first size-mismatch ${key}`,
  });
  const [record] = await recordsOf(store, 'redis');
  expect(record).toMatchObject({ command: 'check', failure: { message: problem!.message } });
  expect((await runOn(app, 'check', 'redis')).stdout).toMatch(/size-mismatch[^]*\n1 problem\n$/);
});

test('check --undelete goes with --repair', async () => {
  expect((await jsonOn(appOver(store), 'check', '--undelete')).problem?.code).toBe('usage.invalid');
});
