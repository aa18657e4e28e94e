import { describe, expect, test } from '@jest/globals';
import { overrides } from '../../../../runtime/src/contract/overrides.ts';
import { parsePlan } from '../../../../runtime/src/plan/parse.ts';
import { planOf } from '../../../../src/environment/environment.ts';
import {
  at,
  environmentNames,
  environmentOf,
  environmentWith,
  find,
  objectsOf,
} from '../../../kit/environments.ts';

const dataOf = (environment = environmentOf('prod'), name = 'backup-config') =>
  at(find(objectsOf(environment), 'ConfigMap', name), 'data') as Record<string, string>;

describe.each(environmentNames)('backup-config of %s', (name) => {
  const environment = environmentOf(name);
  const { 'plan.json': json, ...keys } = dataOf(environment);

  test('has the plan of the environment, whole and readable by the runtime', () => {
    const plan = JSON.parse(json!);
    expect(plan).toEqual(planOf(environment));
    expect(parsePlan(plan, {})).toEqual(plan);
  });

  test('has every documented override, and as long as nobody edits one it changes nothing', () => {
    expect(Object.keys(keys).sort()).toEqual(Object.keys(overrides).sort());
    expect(parsePlan(JSON.parse(json!), keys)).toEqual(planOf(environment));
  });
});

test('the keys of prod are those of the seed', () => {
  expect(dataOf()).toMatchObject({
    BACKUP_RETENTION_DAYS: '30',
    BACKUP_REMOTE_SYNC: 'true',
    BACKUP_REMOTE_BASE: 's3://grill-stats-backups',
    BACKUP_ENCRYPTION_ENABLED: 'true',
    NOTIFICATION_ENABLED: 'true',
  });
});

test('an environment without remote store has overrides that the runtime takes', () => {
  const { 'plan.json': json, ...keys } = dataOf(environmentWith('dev', { stores: { directory: {} } }));
  expect(keys).toMatchObject({ BACKUP_REMOTE_SYNC: 'false', BACKUP_REMOTE_BASE: '' });
  expect(parsePlan(JSON.parse(json!), keys).stores).toEqual({ directory: { path: '/backup' } });
});

test('the scripts are those of the seed, and of bases', () => {
  expect(Object.keys(dataOf(undefined, 'backup-scripts')).sort()).toEqual(
    [
      'full-restore.sh',
      'verify-backups.sh',
      'drill-backups.sh',
      'postgresql-base.sh',
      ...['postgresql', 'influxdb', 'redis'].flatMap((name) => [`${name}-backup.sh`, `${name}-restore.sh`]),
    ].sort(),
  );
});
