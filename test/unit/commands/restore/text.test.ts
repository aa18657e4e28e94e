import { expect, test } from '@jest/globals';
import { restoreSchema, type RestoreResult } from '../../../../runtime/src/commands/restore/result.ts';
import { restoreSummary } from '../../../../runtime/src/commands/restore/summary.ts';
import { renderRestore } from '../../../../runtime/src/commands/restore/text.ts';

const result: RestoreResult = {
  target: 'redis',
  archive: 'redis/a.tar.gz.enc',
  store: '/backup',
  takenAt: '2024-01-01T02:00:00.000Z',
  archiveBytes: 1024,
  sourceBytes: 2048,
  into: 'redis:6379',
  mode: 'replace',
  effect: 'live data is replaced, after a safety backup of it',
  dryRun: false,
  seconds: 3,
  rtoSeconds: 600,
  withinRto: true,
  equal: true,
  safetyArchive: 'redis/safety/b.tar.gz.enc',
};

test('restore says what was done, and whether it is equal and in time', () => {
  const text = renderRestore([result]);
  expect(text).toContain('from    /backup/redis/a.tar.gz.enc, taken 2024-01-01 02:00:00Z');
  expect(text).toContain('result  equal to the archive, in 3s (RTO 10m: met)');
  expect(text).toContain('saved   redis/safety/b.tar.gz.enc holds what was replaced');
  expect(renderRestore([{ ...result, dryRun: true }])).toMatch(/dry run: nothing was changed$/);
});

test('restore full says what was restored, what failed and what was not begun', () => {
  const report = {
    environment: 'test',
    startedAt: '2024-01-02T02:00:00.000Z',
    finishedAt: '2024-01-02T02:00:03.000Z',
    status: 'failed',
    seconds: 3,
    sourceBytes: 2048,
    restored: [result],
    failed: { target: 'influxdb', code: 'restore.failed', message: 'no room' },
    notBegun: ['postgresql'],
    servicesDown: [],
  } as const;
  expect(restoreSchema.safeParse(report).error).toBeUndefined();
  const text = renderRestore(report);
  expect(text).toContain('1 of 3 targets restored, 2 KiB in 3s');
  expect(text).toContain('FAILED     influxdb: restore.failed: no room');
  expect(text).toContain('not begun  postgresql');
});

test('the record of a restore has its key figures, and what was accepted as a warning', () => {
  const { figures, warnings } = restoreSummary({ ...result, accepted: ['rows differ'], notes: ['a note'] });
  expect(figures).toMatchObject({
    archive: result.archive,
    equal: true,
    safetyArchive: result.safetyArchive,
  });
  expect(figures).not.toHaveProperty('fromTarget');
  expect(warnings).toEqual(['a note', 'accepted: rows differ']);
});
