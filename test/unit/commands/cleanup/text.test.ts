import { expect, test } from '@jest/globals';
import type { CleanupReport } from '../../../../runtime/src/commands/cleanup/result.ts';
import { cleanupProblem, cleanupSummary } from '../../../../runtime/src/commands/cleanup/summary.ts';
import { renderCleanup } from '../../../../runtime/src/commands/cleanup/text.ts';

const report = (items: CleanupReport['items'], dryRun = false): CleanupReport => ({
  target: 'postgresql',
  server: 'db:5432/app',
  dryRun,
  items,
});
const gone = { name: 'database a', kind: 'unfinished', bytes: 1024, removed: true } as const;
const kept = { name: 'database b', kind: 'kept', removed: false } as const;
const held = { name: 'database c', kind: 'unfinished', removed: false, failed: 'it is in use' } as const;

test('cleanup says of each thing what became of it', () => {
  const text = renderCleanup(report([gone, kept, held]));
  expect(text).toMatch(/database a +unfinished +1 KiB +removed/);
  expect(text).toMatch(/database b +kept +stays/);
  expect(text).toMatch(/database c +unfinished +NOT REMOVED: it is in use/);
  expect(renderCleanup(report([]))).toBe('restores left nothing on db:5432/app');
  expect(renderCleanup(report([kept], true))).toMatch(/dry run: nothing was changed/);
});

test('what is still there fails the command and its run with one message', () => {
  expect(cleanupProblem(report([gone, kept]))).toBeUndefined();
  const { figures, problem } = cleanupSummary(report([gone, kept, held]));
  expect(figures).toEqual({ removed: 1, bytes: 1024, failed: 1 });
  expect(problem).toEqual(cleanupProblem(report([held])));
  expect(problem).toMatchObject({ code: 'cleanup.failed', message: 'database c: it is in use' });
});
