import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import {
  at,
  environmentNames,
  environmentOf,
  environmentWith,
  find,
  objectsOf,
} from '../kit/environments.ts';
import { schemaProblems } from '../kit/kubernetes-schemas.ts';

const label = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

describe.each(environmentNames)('%s', (name) => {
  test.each(objectsOf(environmentOf(name)).map((object) => [label(object), object] as const))(
    '%s fits its schema',
    (_, object) => {
      expect(schemaProblems(object)).toEqual([]);
    },
  );
});

test('ExternalSecrets fit their schema', () => {
  const externalSecret = {
    storeName: 'vault',
    remoteKeys: { encryption: 'backup/encryption', notification: 'backup/notify' },
  };
  const objects = objectsOf(environmentWith('prod', { secrets: { externalSecret } })).filter(
    ({ kind }) => kind === 'ExternalSecret',
  );
  expect(objects.map(({ metadata }) => metadata.name)).toEqual([
    'backup-encryption-secret',
    'backup-notification-secret',
  ]);
  expect(objects.flatMap(schemaProblems)).toEqual([]);
});

describe('the check itself', () => {
  const cronJob = () => structuredClone(find(objectsOf(environmentOf('dev')), 'CronJob', 'redis-backup'));

  test.each([
    ['spec', 'startingDeadlineSecond'],
    ['spec.jobTemplate.spec', 'activeDeadline'],
    ['spec.jobTemplate.spec.template.spec.containers.0', 'commands'],
    ['spec.jobTemplate.spec.template.spec.securityContext.seccompProfile', 'typ'],
  ])('finds an unknown field in %s', (path, field) => {
    const object = cronJob();
    at(object, path)[field] = 1;
    expect(schemaProblems(object)).toEqual([`unknown field .${path}.${field}`]);
  });

  test('finds an unknown field at the top', () => {
    expect(schemaProblems({ ...cronJob(), specs: {} })).toEqual(['unknown field .specs']);
  });

  test('finds a wrong type', () => {
    const object = cronJob();
    at(object, 'spec')['schedule'] = 5;
    expect(schemaProblems(object).join()).toMatch(/spec\/schedule/);
  });
});
