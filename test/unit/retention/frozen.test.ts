import { expect, test } from '@jest/globals';
import { frozenBy, logFrozenBy } from '../../../runtime/src/retention/frozen.ts';
import { lastRuns } from '../../../runtime/src/runs/facts.ts';
import { failed, recordOf } from '../../kit/run-records.ts';

test('retention waits after a backup that failed, and says why', () => {
  expect(frozenBy([recordOf(2, failed('source.refused')), recordOf(1)])).toMatch(
    /source\.refused at 2024-01-02T02:00:00\.000Z$/,
  );
});

test.each([
  ['no run', []],
  ['a backup that went well', [recordOf(2), recordOf(1, failed('source.refused'))]],
  ['another command that failed', [recordOf(2, { command: 'verify', ...failed('archive.damaged') })]],
  ['a backup that met a lock', [recordOf(2, failed('lock.held')), recordOf(1)]],
  ['a backup for which there was no room', [recordOf(2, failed('store.full')), recordOf(1)]],
])('retention goes on after %s', (_, records) => expect(frozenBy(records)).toBeUndefined());

test('neither a lock nor want of space hides a backup that failed before', () => {
  const records = [recordOf(3, failed('lock.held')), recordOf(2, failed('store.full'))];
  expect(frozenBy([...records, recordOf(1, failed('source.refused'))])).toMatch(/source\.refused/);
});

test.each([
  ['base', { command: 'base' }],
  ['drill', { command: 'verify', figures: { level: 'drill' } }],
] as const)('retention of a log waits after a %s that failed', (name, run) => {
  const of = (...records: Parameters<typeof lastRuns>[0]) => logFrozenBy(lastRuns(records));
  const refused = recordOf(2, { ...run, ...failed('source.refused') });
  expect(of(refused)).toMatch(`the last ${name} failed: source.refused at 2024-01-02T02:00:00.000Z`);
  expect(of(recordOf(3, run), refused)).toBeUndefined();
  expect(of(recordOf(2, { ...run, ...failed('store.full') }))).toBeUndefined();
  expect(of(recordOf(2, failed('source.refused')))).toBeUndefined();
});
