import { expect, test } from '@jest/globals';
import { backupSchema, type BackupResult } from '../../../../runtime/src/commands/backup/result.ts';
import { backupSummary } from '../../../../runtime/src/commands/backup/summary.ts';
import { renderBackup } from '../../../../runtime/src/commands/backup/text.ts';

const result: BackupResult = {
  target: 'redis',
  store: '/backup',
  archive: 'redis/redis_20240101_020000.tar.gz.enc',
  copies: ['redis/weekly/redis_weekly_20240101_020000.tar.gz.enc'],
  sourceBytes: 2048,
  archiveBytes: 1024,
  storedBytes: 1024,
  seconds: 2,
  server: { product: 'Redis', version: '7.0.15', tools: {} },
  fingerprint: { 'db0 string': { keys: 100 } },
  replicated: { 's3://bucket': ['a', 'b'] },
  pruned: ['redis/redis_20231201_020000.tar.gz.enc'],
  warnings: ['the archive is half as large as usual'],
};

test('backup tells people where the archive is and what else happened', () => {
  expect(renderBackup(backupSchema.parse(result))).toBe(
    [
      'redis: 2 KiB in 2s → /backup/redis/redis_20240101_020000.tar.gz.enc (1 KiB)',
      '  copied to redis/weekly/redis_weekly_20240101_020000.tar.gz.enc',
      '  2 archives copied to s3://bucket',
      '  removed by retention: redis/redis_20231201_020000.tar.gz.enc',
      '  WARNING: the archive is half as large as usual',
    ].join('\n'),
  );
});

test('the record of a backup counts copies, replicated and removed archives', () => {
  expect(backupSummary(result)).toMatchObject({
    figures: { archive: result.archive, copies: 1, replicated: 2, pruned: 1 },
    warnings: result.warnings,
  });
});
