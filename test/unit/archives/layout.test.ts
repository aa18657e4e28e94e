import { describe, expect, test } from '@jest/globals';
import {
  archiveKey,
  archiveOf,
  fileName,
  folderOf,
  isArchive,
  isManifest,
  latestKey,
  latestKeys,
  manifestKey,
  rekeyedName,
  tiers,
  type Form,
} from '../../../runtime/src/archives/layout.ts';

const at = new Date('2024-01-07T02:03:04Z');
const gzip: Form = { compression: { algorithm: 'gzip' }, encryption: {} };
const zstd: Form = { compression: { algorithm: 'zstd' }, encryption: {} };
const open: Form = { compression: { algorithm: 'gzip' }, encryption: null };

describe('names in a store', () => {
  test.each([
    ['daily', gzip, 'redis/redis_20240107_020304.tar.gz.enc'],
    ['weekly', gzip, 'redis/weekly/redis_weekly_20240107_020304.tar.gz.enc'],
    ['monthly', zstd, 'redis/monthly/redis_monthly_20240107_020304.tar.zst.enc'],
    ['safety', open, 'redis/safety/redis_safety_20240107_020304.tar.gz'],
  ] as const)('of a %s archive', (tier, form, key) => {
    expect(archiveKey('redis', tier, at, form)).toBe(key);
    expect(key.startsWith(`${folderOf('redis', tier)}/`)).toBe(true);
    expect(isArchive(key)).toBe(true);
  });

  test('of a manifest lead back to its archive, and are none of an archive', () => {
    for (const tier of tiers) {
      const key = archiveKey('redis', tier, at, gzip);
      expect(archiveOf(manifestKey(key))).toBe(key);
      expect([isManifest(manifestKey(key)), isManifest(key), isArchive(manifestKey(key))]).toEqual([
        true,
        false,
        false,
      ]);
    }
  });

  test('of the alias are one for each suffix', () => {
    expect(latestKeys('redis')).toEqual([
      'redis/latest_backup.tar.gz.enc',
      'redis/latest_backup.tar.gz',
      'redis/latest_backup.tar.zst.enc',
      'redis/latest_backup.tar.zst',
    ]);
    for (const form of [gzip, zstd, open]) expect(latestKeys('redis')).toContain(latestKey('redis', form));
  });

  test.each([
    ['postgresql_20240101_020000.tar.gz.enc', 'k2', 'postgresql_20240101_020000-k2.tar.gz.enc'],
    ['postgresql_20240101_020000-k2.tar.gz.enc', 'third', 'postgresql_20240101_020000-third.tar.gz.enc'],
    ['a-b_weekly_20240101_020000.tar.zst.enc', 'k2', 'a-b_weekly_20240101_020000-k2.tar.zst.enc'],
  ])('of %s under key %s', (name, keyId, renewed) => {
    expect(rekeyedName(name, keyId)).toBe(renewed);
    expect(isArchive(renewed)).toBe(true);
  });

  test('of a file are the last part of its key', () =>
    expect(fileName('redis/weekly/a.tar.gz')).toBe('a.tar.gz'));
});
