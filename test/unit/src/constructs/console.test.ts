import { describe, expect, test } from '@jest/globals';
import { synthesize } from '../../../../src/constructs/backup-system.ts';
import { planOf } from '../../../../src/environment/environment.ts';
import { at, environmentOf, environmentWith, find, objectsOf } from '../../../kit/environments.ts';
import { withAccessKey } from '../../../kit/aws.ts';
import { problemsOf } from '../../../kit/plans.ts';
import { everyConsole } from '../../../kit/every-console.ts';
import { serverCommand } from '../../../../src/constructs/server-command.ts';

const prod = environmentOf('prod');
const environmentOn = (pages: object, more: object = {}) =>
  environmentWith('prod', { console: { enabled: true, ...pages }, ...more });
const made = (pages: object, more: object = {}) =>
  synthesize(environmentOn(pages, more)).find(({ name }) => name === 'console')!.objects;
const podOf = (pages: object, more: object = {}) =>
  at(find(made(pages, more), 'Deployment', 'backup-console'), 'spec.template.spec');
const named = (pages: object) => made(pages).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const mountsOf = (container: { volumeMounts: { mountPath: string; readOnly?: boolean }[] }) =>
  Object.fromEntries(
    container.volumeMounts.map(({ mountPath, readOnly }) => [mountPath, readOnly ? 'read' : 'write']),
  );

describe('what is made', () => {
  test('is nothing unless it is switched on, and the plan then has what it had', () => {
    const off = environmentWith('prod', { console: { publicUrl: 'https://backups.example.com' } });
    expect(synthesize(off).map(({ name }) => name)).not.toContain('console');
    expect(planOf(off).console).toEqual({ publicUrl: 'https://backups.example.com' });
    expect(planOf(environmentWith('prod', { console: undefined })).console).toBeUndefined();
  });

  test('is a Deployment with account, review of tokens and Service, and no way in', () => {
    expect(named({})).toEqual([
      'ServiceAccount backup-console',
      'ClusterRoleBinding grill-stats-backup-console-people',
      'Deployment backup-console',
      'Service backup-console',
    ]);
  });

  test('is on request two pods with a budget, impersonation and ways in', () => {
    expect(named(everyConsole)).toEqual([
      'ServiceAccount backup-console',
      'ClusterRoleBinding grill-stats-backup-console-people',
      'ClusterRole grill-stats-backup-console-impersonation',
      'ClusterRoleBinding grill-stats-backup-console-impersonation',
      'Deployment backup-console',
      'Service backup-console',
      'PodDisruptionBudget backup-console',
      'Ingress backup-console',
      'HTTPRoute backup-console',
    ]);
  });

  test('holds no right in the cluster where others bind them', () => {
    expect(named({ ...everyConsole, clusterRoles: false }).join()).not.toContain('ClusterRole');
  });

  test('has in the plan what the console reads, and nothing of how it is deployed', () => {
    const { publicUrl, proxy } = everyConsole;
    expect(planOf(environmentOn(everyConsole)).console).toEqual({
      publicUrl,
      proxy: { ...proxy, nameClaim: 'email', groupsClaim: 'groups' },
    });
  });
});

describe('its pod', () => {
  const secret = withAccessKey();

  test('derives keys before it begins, and only that container has the passphrases', () => {
    const { initContainers, containers, volumes } = podOf({}, secret);
    expect(initContainers.map(({ command }: { command: unknown }) => command)).toEqual([
      ['grill-backup', 'verification-keys', '/secrets/backup-verification-keys/keys.json'],
    ]);
    expect(mountsOf(initContainers[0])).toEqual({
      '/config': 'read',
      '/secrets/backup-verification-keys': 'write',
      '/secrets/backup-encryption-secret': 'read',
    });
    const mounted = containers[0].volumeMounts.map(({ name }: { name: string }) => name);
    const itsVolumes = volumes.filter(({ name }: { name: string }) => mounted.includes(name));
    expect(JSON.stringify(itsVolumes)).toContain('s3-access-key');
    expect(JSON.stringify(itsVolumes)).not.toContain('encryption-key');
  });

  test('writes to the audit trail and scratch space alone', () => {
    const { containers } = podOf({});
    expect(containers[0].command).toEqual(serverCommand('console'));
    expect(mountsOf(containers[0])).toEqual({
      '/backup': 'read',
      '/backup/audit': 'write',
      '/config': 'read',
      '/tmp': 'write',
      '/secrets/backup-verification-keys': 'read',
    });
    expect(containers[0].volumeMounts[1]).toMatchObject({ name: 'backup', subPath: 'audit' });
  });

  test('needs no volume where S3 is the only store, and no pod follows it then', () => {
    const { s3 } = prod.stores;
    const objects = made({}, { stores: { s3 } });
    const deployment = find(objects, 'Deployment', 'backup-console');
    expect(JSON.stringify(deployment)).not.toContain('persistentVolumeClaim');
    expect(at(deployment, 'spec.template.spec').affinity).toBeUndefined();
    expect(at(deployment, 'spec.template.metadata.labels')).toMatchObject({ 'grill-backup/volume': 'none' });
  });

  test('has no keys where the plan does not encrypt', () => {
    const clear = environmentWith('dev', { encryption: { enabled: false } });
    const pod = at(find(objectsOf(clear), 'Deployment', 'backup-console'), 'spec.template.spec');
    expect(pod.initContainers).toBeUndefined();
    expect(JSON.stringify(pod.volumes)).not.toContain('verification-keys');
  });

  test('is probed and served on its port, has a token, and bears at most 256Mi', () => {
    const pod = podOf({});
    const [container] = pod.containers;
    expect(pod.automountServiceAccountToken).toBe(true);
    expect(container.ports).toEqual([{ name: 'http', containerPort: 9190 }]);
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'http' });
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(container.resources.limits.memory).toBe('256Mi');
  });
});

test('it may act for one user, and for the groups of its proxy alone', () => {
  const role = find(made(everyConsole), 'ClusterRole', 'grill-stats-backup-console-impersonation');
  expect(role.metadata.namespace).toBeUndefined();
  expect(role['rules']).toEqual([
    {
      apiGroups: [''],
      resources: ['users'],
      verbs: ['impersonate'],
      resourceNames: ['backup-console:person'],
    },
    {
      apiGroups: [''],
      resources: ['groups'],
      verbs: ['impersonate'],
      resourceNames: ['grill-stats-developers', 'grill-stats-oncall'],
    },
    {
      apiGroups: ['authentication.k8s.io'],
      resources: ['userextras/grill-backup.io/person'],
      verbs: ['impersonate'],
    },
  ]);
});

test('Ingress and HTTPRoute lead from the host of the public address to its Service', () => {
  const objects = made(everyConsole);
  expect(at(find(objects, 'Ingress', 'backup-console'), 'spec')).toMatchObject({
    ingressClassName: 'nginx',
    tls: [{ hosts: ['backups.example.com'], secretName: 'console-tls' }],
    rules: [{ host: 'backups.example.com' }],
  });
  expect(at(find(objects, 'HTTPRoute', 'backup-console'), 'spec')).toMatchObject({
    hostnames: ['backups.example.com'],
    parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }],
  });
});

test('the committed environments have one', () => {
  for (const name of ['dev', 'prod'] as const)
    expect(find(objectsOf(environmentOf(name)), 'Deployment', 'backup-console')).toBeDefined();
});

describe('its role in AWS', () => {
  const annotationsOf = (pages: object, more: object = {}) =>
    find(made(pages, more), 'ServiceAccount', 'backup-console').metadata['annotations'];

  test('is the one that is made where the pods have roles', () => {
    expect(annotationsOf({})).toEqual({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::123456789012:role/grill-stats-backups-console',
    });
  });

  test('is that of the environment where it names one', () => {
    const { awsRole } = everyConsole;
    expect(annotationsOf({ awsRole })).toEqual({ 'eks.amazonaws.com/role-arn': awsRole });
  });

  test('is none where pods have an access key', () => {
    expect(annotationsOf({}, withAccessKey())).toBeUndefined();
  });
});

describe('what it lacks is told', () => {
  const problems = (pages: object, more: object = {}) =>
    problemsOf(() => environmentOn(pages, more)).join('\n');

  test.each<readonly [string, object, object, RegExp]>([
    ['the API server', {}, { network: {} }, /^network\.apiServer: .*expected the addresses/],
    ['the address of a way in', { ingress: {} }, {}, /console\.publicUrl: .*expected the address/],
    [
      'who comes by the way in',
      { httpRoute: { gateway: 'public' } },
      {},
      /console\.clients: .*expected the pods/,
    ],
    ['keys for two', { replicas: 2 }, { encryption: { enabled: false } }, /console\.replicas: .*expected 1/],
    [
      'room in a quota',
      {},
      {
        quota: {
          pods: 4,
          requests: { cpu: '99', memory: '99Gi', ephemeralStorage: '999Gi' },
          limits: { cpu: '99', memory: '99Gi', ephemeralStorage: '999Gi' },
        },
      },
      /quota\.pods: .*expected at least 5/,
    ],
  ])('%s', (_, pages, more, expected) => {
    expect(problems(pages, more)).toMatch(expected);
  });
});
