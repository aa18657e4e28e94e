import { describe, expect, test } from '@jest/globals';
import { at, environmentOf, environmentWith, find, objectsOf, podsOf } from '../../../kit/environments.ts';

const prod = environmentOf('prod');
const [postgresql, influxdb, redis] = prod.targets;
const environment = environmentWith('prod', {
  targets: [
    { ...postgresql, services: [{ name: 'web' }, { name: 'api' }, { name: 'legacy', namespace: 'old' }] },
    influxdb,
    { ...redis, services: [{ name: 'api' }, { kind: 'StatefulSet', name: 'worker' }] },
  ],
  network: { ...prod.network, apiServer: { cidrs: ['192.0.2.10/32'] } },
});
const objects = objectsOf(environment);
const named = (kind: string) =>
  objects.filter((object) => object.kind === kind && object.metadata.name === 'backup-restore-services');

describe('services that a restore may stop', () => {
  test('are scaled by the account of the restore pod, by name, in each of their namespaces', () => {
    const pods = { apiGroups: [''], resources: ['pods'], verbs: ['list'] };
    const scale = (resource: string, resourceNames: string[]) => ({
      apiGroups: ['apps'],
      resources: [`${resource}/scale`],
      verbs: ['get', 'patch'],
      resourceNames,
    });
    expect(named('Role').map((role) => [role.metadata.namespace, role['rules']])).toEqual([
      ['grill-stats', [scale('deployments', ['api', 'web']), scale('statefulsets', ['worker']), pods]],
      ['old', [scale('deployments', ['legacy']), pods]],
    ]);
    for (const binding of named('RoleBinding'))
      expect([binding['roleRef'], binding['subjects']]).toEqual([
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'backup-restore-services' },
        [{ kind: 'ServiceAccount', name: 'backup-restore', namespace: 'grill-stats' }],
      ]);
    expect(named('RoleBinding').map(({ metadata }) => metadata.namespace)).toEqual(['grill-stats', 'old']);
  });

  test('give a token to the restore pod, and to no other but the console', () => {
    const withToken = (all: typeof objects) =>
      podsOf(all)
        .filter(({ spec }) => spec.automountServiceAccountToken !== false)
        .map(({ owner }) => owner);
    expect(withToken(objects)).toEqual(['Deployment backup-console', 'Pod backup-restore-job']);
    expect(withToken(objectsOf(prod))).toEqual(['Deployment backup-console']);
  });

  test('open the way to the API server for the restore pod alone', () => {
    const policy = find(objects, 'NetworkPolicy', 'restore-to-api-server');
    expect(at(policy, 'spec')).toEqual({
      podSelector: {
        matchLabels: expect.objectContaining({ 'app.kubernetes.io/name': 'backup-restore-job' }),
      },
      policyTypes: ['Egress'],
      egress: [
        {
          to: [{ ipBlock: { cidr: '192.0.2.10/32' } }],
          ports: [443, 6443].map((port) => ({ port, protocol: 'TCP' })),
        },
      ],
    });
    expect(objectsOf(prod).map(({ metadata }) => metadata.name)).not.toContain('restore-to-api-server');
  });

  test('are in the plan that the restore reads', () => {
    const plan = JSON.parse(at(find(objects, 'ConfigMap', 'backup-config'), 'data')['plan.json']);
    expect(plan.targets[2].services).toEqual([
      { kind: 'Deployment', name: 'api' },
      { kind: 'StatefulSet', name: 'worker' },
    ]);
  });
});
