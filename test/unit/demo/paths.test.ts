import { describe, expect, test } from '@jest/globals';
import { mapPaths } from '../../../demo/pod/paths.ts';

const paths = {
  '/backup': '/tmp/w/backup',
  '/tmp': '/tmp/w/scratch',
  '/secrets/redis-secret': '/tmp/w/secret',
};

describe('mapPaths', () => {
  test.each([
    ['/backup', '/tmp/w/backup'],
    ['/backup/redis/latest_backup.tar.gz.enc', '/tmp/w/backup/redis/latest_backup.tar.gz.enc'],
    ['{"path":"/backup"}', '{"path":"/tmp/w/backup"}'],
    ['--dir=/tmp/x:/backup', '--dir=/tmp/w/scratch/x:/tmp/w/backup'],
    ['/secrets/redis-secret/password', '/tmp/w/secret/password'],
  ])('maps %s', (text, mapped) => {
    expect(mapPaths(text, paths)).toBe(mapped);
  });

  test.each([
    '/backups',
    '/srv/backup',
    's3://grill-stats/backup',
    '/backup-old',
    './backup',
    '/secrets/other',
  ])('leaves %s alone', (text) => {
    expect(mapPaths(text, paths)).toBe(text);
  });

  test('maps nothing without mounts', () => {
    expect(mapPaths('/backup', {})).toBe('/backup');
  });
});
