import { expect, test } from '@jest/globals';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import { BackupError } from '../../../../runtime/src/core/errors.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { recordsOf } from '../../../kit/app.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';
import { listed } from '../../../kit/objects.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const keysIn = async (): Promise<readonly string[]> =>
  (await listed(store, 'verification/')).map(({ key }) => key);

test('verify reports on a target, and stores a report on all of them', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 2, 1);
  const { json, problem } = await jsonOn(app, 'verify', 'redis', '--level', 'quick', '--last', '2');
  expect(problem).toBeUndefined();
  expect(json).toMatchObject({ status: 'passed', archives: 2, results: [{ ok: true }, { ok: true }] });
  expect(await keysIn()).toEqual([]);
  expect((await runOn(app, 'verify', '--level', 'quick')).stdout).toMatch(
    /^Verification of test at .*: passed/,
  );
  expect(await keysIn()).toContainEqual(expect.stringMatching(/verification_report_\d{8}\.json$/));
});

test('verify prints its report where an archive is bad, with one message there and in the record of the run', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 2, 1);
  const { key } = (await readCatalog(store, 'redis')).archives[1]!;
  await store.put(key, () => oneChunk('short'), { replace: true });
  const { json, problem } = await jsonOn(app, 'verify', 'redis', '--level', 'quick');
  expect(json).toMatchObject({ status: 'failed', archives: 2, failed: 1 });
  expect(problem).toMatchObject({ code: 'verification.failed', exitCode: 8 });
  expect(problem!.message).toContain(
    `1 of 2 archives did not pass verification, first ${key}: archive has 5 of`,
  );
  const [record] = await recordsOf(store, 'redis');
  expect(record).toMatchObject({ command: 'verify', failure: { message: problem!.message } });
});

test('verify prints its report where it cannot be stored', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 1);
  const refuse: Store['put'] = (key, ...rest) =>
    key.startsWith('verification/')
      ? Promise.reject(new BackupError('store.refused', 'read-only'))
      : store.put(key, ...rest);
  const readOnly = { ...app, stores: { primary: { ...store, put: refuse }, replicas: [] } };
  const { json, problem } = await jsonOn(readOnly, 'verify', '--level', 'quick');
  expect(json).toMatchObject({ status: 'passed', archives: 1 });
  expect(problem?.code).toBe('store.refused');
});
