import { describe, expect, test } from '@jest/globals';
import { planOf, type Environment } from '../../../../src/environment/environment.ts';
import { at, environmentOf, environmentWith, find, objectsOf, podsOf } from '../../../kit/environments.ts';
import { schemaProblems } from '../../../kit/kubernetes-schemas.ts';
import { serverCommand } from '../../../../src/constructs/server-command.ts';

const prod = environmentOf('prod');
const [first, ...others] = prod.targets;
const withLog = (pointInTime: object, more: object = {}): Environment =>
  environmentWith('prod', { targets: [{ ...first, pointInTime }, ...others], ...more });

const environment = withLog({});
const objects = objectsOf(environment);
const receiver = find(objects, 'Deployment', 'postgresql-wal');
const pod = at(receiver, 'spec.template.spec');
const volumesOf = (of: Environment): readonly string[] =>
  at(find(objectsOf(of), 'Deployment', 'postgresql-wal'), 'spec.template.spec.volumes').map(
    ({ name }: { name: string }) => name,
  );

describe('a target whose log is kept', () => {
  test('has one receiver, which starts when the one before it has ended', () => {
    expect(at(receiver, 'spec')).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(pod.containers[0].command).toEqual(serverCommand('receive', 'postgresql'));
  });

  test('its receiver writes to no disk where there is an object store', () => {
    expect(volumesOf(environment)).toEqual([
      'config', 'secret-backup-encryption-secret', 'secret-postgresql-secret', 'secret-backup-notification-secret',
    ]); // prettier-ignore
    expect(pod.containers[0].securityContext.readOnlyRootFilesystem).toBe(true);
  });

  test('its receiver mounts the archives where they are the only store', () => {
    const { stores, aws } = prod;
    const local = { stores: { directory: stores.directory }, aws: { ...aws, enabled: false } };
    expect(volumesOf(withLog({}, local))).toContain('backup');
    const s3 = { ...stores.s3!, sync: false };
    expect(volumesOf(withLog({}, { stores: { ...stores, s3 } }))).toContain('backup');
  });

  test('its receiver goes where it likes without the volume, and no pod that needs the volume follows it', () => {
    const labels = at(receiver, 'spec.template.metadata.labels');
    expect(labels).toMatchObject({ 'grill-backup/volume': 'none' });
    expect(pod.affinity).toBeUndefined();
    for (const { owner, spec } of podsOf(objects)) {
      if (owner === 'Deployment postgresql-wal') continue;
      const [term] = spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution;
      expect(term.labelSelector.matchExpressions).toEqual([
        { key: 'grill-backup/volume', operator: 'DoesNotExist' },
      ]);
    }
    const { stores, aws } = prod;
    const local = { stores: { directory: stores.directory }, aws: { ...aws, enabled: false } };
    const beside = find(objectsOf(withLog({}, local)), 'Deployment', 'postgresql-wal');
    expect(at(beside, 'spec.template.metadata.labels')).not.toHaveProperty(['grill-backup/volume']);
    expect(at(beside, 'spec.template.spec.affinity')).toBeDefined();
  });

  test('its receiver has an account of its own without a token, and the role in AWS', () => {
    expect([pod.serviceAccountName, pod.automountServiceAccountToken]).toEqual(['backup-receiver', false]);
    const account = find(objects, 'ServiceAccount', 'backup-receiver');
    expect(account['automountServiceAccountToken']).toBe(false);
    expect(account.metadata.annotations).toEqual(
      find(objects, 'ServiceAccount', 'backup-operator').metadata.annotations,
    );
  });

  test('its receiver is probed and scraped on its own port', () => {
    const [{ ports, livenessProbe, readinessProbe }] = pod.containers;
    expect(ports).toEqual([{ name: 'metrics', containerPort: 9188 }]);
    expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual(['/healthz', '/readyz']);
    const monitor = find(objects, 'PodMonitor', 'backup-receivers');
    expect(schemaProblems(monitor)).toEqual([]);
    expect(at(monitor, 'spec.selector.matchExpressions')).toEqual([
      { key: 'app.kubernetes.io/name', operator: 'In', values: ['postgresql-wal'] },
    ]);
  });

  test('takes bases by a CronJob of its own', () => {
    const job = find(objects, 'CronJob', 'postgresql-base');
    expect(at(job, 'spec.schedule')).toBe('0 1 * * 0');
    expect(at(job, 'spec.jobTemplate.spec.activeDeadlineSeconds')).toBe(6 * 3600);
    const scripts = at(find(objects, 'ConfigMap', 'backup-scripts'), 'data');
    expect(scripts['postgresql-base.sh']).toContain('exec grill-backup base postgresql "$@"');
  });

  test('an account of its own reaches receiver, bases and the restore pod, and not the dumps', () => {
    const secret = { name: 'replication-secret' };
    const mounting = podsOf(objectsOf(withLog({ secret })))
      .filter(({ spec }) =>
        spec.volumes.some(
          (volume: { secret?: { secretName: string } }) => volume.secret?.secretName === secret.name,
        ),
      )
      .map(({ owner }) => owner);
    expect(mounting).toEqual([
      'CronJob postgresql-base',
      'Deployment postgresql-wal',
      'Pod backup-restore-job',
    ]);
  });

  test('resources of receiver and bases stay out of the plan of the runtime', () => {
    const amounts = { cpu: '2', memory: '1Gi', ephemeralStorage: '1Gi' };
    const resources = { requests: amounts, limits: amounts };
    const tuned = withLog({ resources, base: { resources } });
    expect(planOf(tuned)).toEqual(planOf(environment));
    const limits = { cpu: '2', memory: '1Gi', 'ephemeral-storage': '1Gi' };
    for (const { owner, spec } of podsOf(objectsOf(tuned)))
      if (/postgresql-(wal|base)/.test(owner)) expect(spec.containers[0].resources.limits).toEqual(limits);
  });

  test('may be looked at and started by those on call', () => {
    const rules = at(find(objects, 'Role', 'backup-oncall'), 'rules') as readonly {
      resourceNames?: string[];
    }[];
    expect(rules.some(({ resourceNames }) => resourceNames?.includes('postgresql-base'))).toBe(true);
  });

  test('counts in a quota: its receiver stays', () => {
    const { quota } = withLog({}, { quota: quotaOf(6) });
    expect(quota?.pods).toBe(6);
    expect(() => withLog({}, { quota: quotaOf(5) })).toThrow('quota.pods: found 5, expected at least 6');
  });
});

const amounts = { cpu: '16', memory: '32Gi', ephemeralStorage: '200Gi' };
const quotaOf = (pods: number) => ({ pods, requests: amounts, limits: amounts });

test('without a log nothing is made for it', () => {
  const without = objectsOf(environmentWith('prod', { targets: others }));
  expect(without.filter(({ metadata }) => /-wal$|-base$|receiver/.test(metadata.name))).toEqual([]);
});
