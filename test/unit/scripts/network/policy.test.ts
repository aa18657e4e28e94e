import { describe, expect, test } from '@jest/globals';
import { isAllowed, type Connection, type End, type Policy } from '../../../../scripts/network/policy.ts';

// Cases of https://kubernetes.io/docs/concepts/services-networking/network-policies/ and of
// https://github.com/ahmetb/kubernetes-network-policy-recipes, which each test names.

const pod = (name: string, namespace = 'default', ports: Record<string, number> = {}): End => ({
  ip: '10.1.2.3',
  pod: { namespace, labels: { app: name, tier: name === 'web' ? 'front' : 'back' }, ports },
});
const outside = (ip = '8.8.8.8'): End => ({ ip });
const policy = (spec: Policy['spec'], namespace = 'default'): Policy => ({
  metadata: { name: 'p', namespace },
  spec,
});
const web = { matchLabels: { app: 'web' } };

const reaches = (
  policies: readonly Policy[],
  from: End,
  to: End,
  port = 80,
  more: Partial<Connection> = {},
) => isAllowed(policies, { from, to, port, ...more });

describe('isolation', () => {
  test('a pod that no policy selects is free', () => {
    expect(
      reaches([policy({ podSelector: web, policyTypes: ['Ingress', 'Egress'] })], pod('a'), pod('b')),
    ).toBe(true);
    expect(reaches([policy({ podSelector: {} }, 'other')], pod('a'), pod('b'))).toBe(true);
  });

  test('recipe 01: deny all traffic to an application', () => {
    const policies = [policy({ podSelector: web, ingress: [] })];
    expect(reaches(policies, pod('a'), pod('web'))).toBe(false);
    expect(reaches(policies, pod('web'), pod('a'))).toBe(true);
  });

  test('default deny all ingress, all egress, and both', () => {
    const deny = (...policyTypes: string[]) => [policy({ podSelector: {}, policyTypes })];
    expect(reaches(deny('Ingress'), outside(), pod('a'))).toBe(false);
    expect(reaches(deny('Ingress'), pod('a'), outside())).toBe(true);
    expect(reaches(deny('Egress'), pod('a'), outside())).toBe(false);
    expect(reaches(deny('Egress'), outside(), pod('a'))).toBe(true);
    expect(reaches(deny('Ingress', 'Egress'), pod('a'), pod('b'))).toBe(false);
  });

  test('without policyTypes a policy is for ingress, and for egress only with such rules', () => {
    expect(reaches([policy({ podSelector: {} })], pod('a'), outside())).toBe(true);
    expect(reaches([policy({ podSelector: {}, egress: [] })], pod('a'), outside())).toBe(false);
  });

  test('allow all is an empty rule, whatever other policies say', () => {
    const deny = policy({ podSelector: {}, policyTypes: ['Ingress'] });
    const all = policy({ podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] });
    expect(reaches([deny, all], outside(), pod('a'), 1)).toBe(true);
    expect(reaches([deny], outside(), pod('a'), 1)).toBe(false);
  });

  test('both ends have to admit it', () => {
    const out = policy({
      podSelector: web,
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: {} }] }],
    });
    const into = policy({ podSelector: { matchLabels: { app: 'db' } }, ingress: [] });
    expect(reaches([out], pod('web'), pod('db'))).toBe(true);
    expect(reaches([out, into], pod('web'), pod('db'))).toBe(false);
  });
});

describe('peers', () => {
  const ingress = (from: NonNullable<NonNullable<Policy['spec']['ingress']>[number]['from']>) => [
    policy({ podSelector: web, ingress: [{ from }] }),
  ];
  const monitoring = { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } };

  test('recipe 02: pods by label are those of the policy’s own namespace', () => {
    const policies = ingress([{ podSelector: { matchLabels: { app: 'a' } } }]);
    expect(reaches(policies, pod('a'), pod('web'))).toBe(true);
    expect(reaches(policies, pod('b'), pod('web'))).toBe(false);
    expect(reaches(policies, pod('a', 'other'), pod('web'))).toBe(false);
    expect(reaches(policies, outside('10.1.2.3'), pod('web'))).toBe(false);
  });

  test('recipe 06: every pod of a namespace', () => {
    const policies = ingress([{ namespaceSelector: monitoring }]);
    expect(reaches(policies, pod('any', 'monitoring'), pod('web'))).toBe(true);
    expect(reaches(policies, pod('any'), pod('web'))).toBe(false);
  });

  test('recipe 07: one peer with both selectors is their intersection, two peers are their union', () => {
    const prometheus = { matchLabels: { app: 'prometheus' } };
    const intersection = ingress([{ namespaceSelector: monitoring, podSelector: prometheus }]);
    const union = ingress([{ namespaceSelector: monitoring }, { podSelector: prometheus }]);
    const cases = [
      pod('prometheus', 'monitoring'),
      pod('other', 'monitoring'),
      pod('prometheus'),
      pod('other'),
    ];
    expect(cases.map((from) => reaches(intersection, from, pod('web')))).toEqual([true, false, false, false]);
    expect(cases.map((from) => reaches(union, from, pod('web')))).toEqual([true, true, true, false]);
  });

  test('an empty namespaceSelector is every namespace, and no address outside', () => {
    expect(reaches(ingress([{ namespaceSelector: {} }]), pod('a', 'x'), pod('web'))).toBe(true);
    expect(reaches(ingress([{ namespaceSelector: {} }]), outside(), pod('web'))).toBe(false);
  });

  test('the documentation’s example: a block, less what is left out of it', () => {
    const policies = ingress([{ ipBlock: { cidr: '172.17.0.0/16', except: ['172.17.1.0/24'] } }]);
    expect(reaches(policies, outside('172.17.0.9'), pod('web'))).toBe(true);
    expect(reaches(policies, outside('172.17.1.9'), pod('web'))).toBe(false);
    expect(reaches(policies, outside('172.18.0.9'), pod('web'))).toBe(false);
  });

  test('IPv6 blocks, and addresses of the other family', () => {
    const policies = ingress([{ ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:1::/48'] } }]);
    expect(reaches(policies, outside('2001:db8:2::1'), pod('web'))).toBe(true);
    expect(reaches(policies, outside('2001:db8:1::1'), pod('web'))).toBe(false);
    expect(reaches(policies, outside('8.8.8.8'), pod('web'))).toBe(false);
    expect(reaches(ingress([{ ipBlock: { cidr: '0.0.0.0/0' } }]), outside('2001:db8::1'), pod('web'))).toBe(
      false,
    );
  });

  test('expressions', () => {
    const by = (operator: string, values?: string[]) =>
      reaches(
        ingress([
          { podSelector: { matchExpressions: [{ key: 'tier', operator, ...(values && { values }) }] } },
        ]),
        pod('a'),
        pod('web'),
      );
    expect([by('In', ['back', 'x']), by('In', ['x']), by('NotIn', ['back']), by('NotIn', ['x'])]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([by('Exists'), by('DoesNotExist')]).toEqual([true, false]);
    expect(() => by('Like')).toThrow('unknown operator Like');
    const absent = { podSelector: { matchExpressions: [{ key: 'nope', operator: 'NotIn', values: ['x'] }] } };
    expect(reaches(ingress([absent]), pod('a'), pod('web'))).toBe(true);
  });
});

describe('ports', () => {
  const onPorts = (ports: NonNullable<NonNullable<Policy['spec']['ingress']>[number]['ports']>) => [
    policy({ podSelector: web, ingress: [{ ports }] }),
  ];

  test('recipe 09: a port of an application, of TCP unless another protocol is named', () => {
    const policies = onPorts([{ port: 5000 }]);
    expect(reaches(policies, pod('a'), pod('web'), 5000)).toBe(true);
    expect(reaches(policies, pod('a'), pod('web'), 8000)).toBe(false);
    expect(reaches(policies, pod('a'), pod('web'), 5000, { protocol: 'UDP' })).toBe(false);
  });

  test('a range', () => {
    const policies = onPorts([{ port: 32_000, endPort: 32_768 }]);
    expect(
      [31_999, 32_000, 32_768, 32_769].map((port) => reaches(policies, pod('a'), pod('web'), port)),
    ).toEqual([false, true, true, false]);
  });

  test('a name is the destination’s own', () => {
    expect(reaches(onPorts([{ port: 'http' }]), pod('a'), pod('web', 'default', { http: 8080 }), 8080)).toBe(
      true,
    );
    expect(reaches(onPorts([{ port: 'http' }]), pod('a'), pod('web'), 8080)).toBe(false);
  });

  test('a protocol without a port is every port of it', () => {
    expect(reaches(onPorts([{ protocol: 'UDP' }]), pod('a'), pod('web'), 53, { protocol: 'UDP' })).toBe(true);
    expect(reaches(onPorts([{ protocol: 'UDP' }]), pod('a'), pod('web'), 53)).toBe(false);
  });

  test('recipe 14: deny egress but DNS', () => {
    const policies = [
      policy({
        podSelector: web,
        policyTypes: ['Egress'],
        egress: [
          {
            ports: [
              { port: 53, protocol: 'UDP' },
              { port: 53, protocol: 'TCP' },
            ],
          },
        ],
      }),
    ];
    expect(reaches(policies, pod('web'), outside(), 53, { protocol: 'UDP' })).toBe(true);
    expect(reaches(policies, pod('web'), outside(), 443)).toBe(false);
  });
});
