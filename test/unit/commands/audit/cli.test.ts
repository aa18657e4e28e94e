import { expect, test } from '@jest/globals';
import type { ShownEntry } from '../../../../runtime/src/commands/audit/result.ts';
import { renderAudit } from '../../../../runtime/src/commands/audit/text.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { jsonOn, runOn } from '../../../kit/command-line.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { appOver, backUpDaysAgo } from '../../../kit/simulated-target.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('audit shows who did what, and proves the trail', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 2, 1);
  const { json } = await jsonOn(app, 'audit', 'show');
  expect(json).toMatchObject([
    { sequence: 1, command: 'backup', proof: 'proved' },
    { sequence: 2, target: 'redis', proof: 'proved' },
  ]);
  expect((await jsonOn(app, 'audit', 'verify')).json).toEqual({
    ok: true,
    entries: 2,
    proved: 2,
    problems: [],
  });
  expect((await runOn(app, 'audit', 'verify')).stdout).toBe(
    '2 entries, 2 signed by an available key: whole\n',
  );
});

test('audit verify prints what is wrong, and fails', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 2, 1);
  await store.put('audit/0000000001.json', () => oneChunk('{}\n'), { replace: true });
  const { json, problem } = await jsonOn(app, 'audit', 'verify');
  expect(json).toMatchObject({ ok: false, problems: [{ entry: 'audit/0000000001.json' }, {}] });
  expect(problem).toMatchObject({ code: 'audit.broken', message: 'audit/0000000001.json was altered' });
});

test('audit text has the newest 50 entries', async () => {
  const app = appOver(store);
  await backUpDaysAgo(app, 1);
  const [entry] = (await jsonOn(app, 'audit', 'show')).json as ShownEntry[];
  const text = renderAudit(Array.from({ length: 51 }, (_, index) => ({ ...entry!, sequence: index + 1 })));
  const numbers = text.split('\n').map((line) => line.split(' ', 1)[0]);
  expect(numbers).toHaveLength(51);
  expect([numbers[1], numbers[50]]).toEqual(['2', '51']);
});

test('audit does nothing else', async () => {
  await expect(runOn(appOver(store), 'audit', 'erase')).rejects.toThrow('Allowed choices are show, verify');
});
