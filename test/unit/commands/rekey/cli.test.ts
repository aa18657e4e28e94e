import { describe, expect, test } from '@jest/globals';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import { openKey } from '../../../../runtime/src/crypto/key-ring.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { testKeys } from '../../../kit/app.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';

const second = openKey('second', 'a new passphrase for the archives');

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const spoil = async (index: number): Promise<void> => {
  const { key } = (await readCatalog(store, 'redis')).archives[index]!;
  await store.put(key, () => oneChunk('damaged'), { replace: true });
};

describe('rekey', () => {
  test('says what moves, moves it, and then that nothing is left to move', async () => {
    await backUpDaysAgo(appOver(store), 1);
    const app = appOver(store, [second, ...testKeys]);
    const dry = await jsonOn(app, 'rekey', '--dry-run');
    expect(dry.json).toMatchObject([{ target: 'redis', oldKeyId: 'primary', newKeyId: 'second' }]);
    expect((await jsonOn(app, 'rekey')).json).toEqual(dry.json);
    expect((await runOn(app, 'rekey')).stdout).toBe('all is under the first key of the plan\n');
  });

  test('that fails in part prints one document, and fails', async () => {
    await backUpDaysAgo(appOver(store), 2, 1);
    await spoil(0);
    const { json, problem } = await jsonOn(appOver(store, [second, ...testKeys]), 'rekey');
    expect(json.map(({ failed }: { failed?: string }) => failed !== undefined)).toEqual([true, false]);
    expect(problem).toMatchObject({
      code: 'archive.damaged',
      message: expect.stringMatching(/^1 archive could not be rewritten, first redis\//),
    });
  });

  test('that moves nothing has no result', async () => {
    await backUpDaysAgo(appOver(store), 1);
    await spoil(0);
    const { json, problem } = await jsonOn(appOver(store, [second, ...testKeys]), 'rekey');
    expect([json, problem?.exitCode]).toEqual([undefined, 6]);
  });
});
