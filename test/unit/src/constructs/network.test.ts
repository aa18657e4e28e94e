import { describe, expect, test } from '@jest/globals';
import type { Environment } from '../../../../src/environment/environment.ts';
import { at, environmentOf, environmentWith, find, objectsOf, podsOf } from '../../../kit/environments.ts';

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}
interface Rule {
  readonly to?: readonly object[];
  readonly from?: readonly object[];
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[];
}
interface Policy {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly egress?: readonly Rule[];
  readonly ingress?: readonly Rule[];
}

const selects = (
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key]!));

const policiesOf = (environment: Environment) =>
  objectsOf(environment)
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map((object) => ({ name: object.metadata.name, ...(at(object, 'spec') as Policy) }));

/** Names of the policies that let something out of, or into, each pod. */
const allowedBy = (environment: Environment, side: 'egress' | 'ingress') =>
  Object.fromEntries(
    podsOf(objectsOf(environment)).map(({ owner, labels }) => [
      owner.split(' ')[1],
      policiesOf(environment)
        .filter((policy) => policy[side] && selects(policy.podSelector, labels))
        .map(({ name }) => name),
    ]),
  );

const prod = environmentOf('prod');
const policy = (name: string, environment = prod) =>
  policiesOf(environment).find((one) => one.name === name)!;

test('every pod is denied everything at first', () => {
  const deny = policy('backup-default-deny');
  expect(deny.policyTypes).toEqual(['Ingress', 'Egress']);
  expect([deny.egress, deny.ingress]).toEqual([undefined, undefined]);
  for (const { labels } of podsOf(objectsOf(prod))) expect(selects(deny.podSelector, labels)).toBe(true);
});

test('each pod reaches what it needs and nothing else', () => {
  const common = ['backup-to-dns', 'backup-to-object-store'];
  const database = (name: string) => [
    'backup-to-dns',
    `${name}-backup-to-database`,
    'backup-to-object-store',
    'backup-to-notifications',
  ];
  expect(allowedBy(prod, 'egress')).toEqual({
    'postgresql-backup': database('postgresql'),
    'influxdb-backup': database('influxdb'),
    'redis-backup': database('redis'),
    'postgresql-base': database('postgresql'),
    'postgresql-wal': database('postgresql'),
    'backup-verification': [...common, 'backup-to-notifications'],
    'backup-drill': [...common, 'backup-to-notifications'],
    'backup-console': ['backup-to-dns', 'console-to-api-server', 'backup-to-object-store'],
    'backup-exporter': common,
    'backup-restore-job': [
      'backup-to-dns',
      'postgresql-backup-to-database',
      'influxdb-backup-to-database',
      'redis-backup-to-database',
      'backup-to-object-store',
      'backup-to-notifications',
    ],
  });
});

test('only Prometheus comes in, and Redis to the restore pod that serves it as a primary', () => {
  expect(allowedBy(prod, 'ingress')).toEqual({
    'postgresql-backup': [],
    'influxdb-backup': [],
    'redis-backup': [],
    'postgresql-base': [],
    'postgresql-wal': ['prometheus-to-receivers'],
    'backup-verification': [],
    'backup-drill': [],
    'backup-console': [],
    'backup-exporter': ['prometheus-to-exporter'],
    'backup-restore-job': ['redis-to-restore'],
  });
  expect(policy('redis-to-restore').ingress).toEqual([
    { from: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': 'redis' } } }] },
  ]);
  expect(policy('prometheus-to-exporter').ingress).toEqual([
    {
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      ports: [{ port: 9187, protocol: 'TCP' }],
    },
  ]);
});

test('databases are reached on the ports of their engine and connection', () => {
  const [postgresql, influxdb, redis] = prod.targets;
  const moved = environmentWith('prod', {
    targets: [{ ...postgresql, connection: { ...postgresql!.connection, port: 6432 } }, influxdb, redis],
  });
  const ports = (name: string) => policy(name, moved).egress![0]!.ports!.map(({ port }) => port);
  expect(ports('postgresql-backup-to-database')).toEqual([6432]);
  expect(ports('influxdb-backup-to-database')).toEqual([8086, 8088]);
  expect(ports('redis-backup-to-database')).toEqual([6379]);
});

test('drills reach the server that a target names for them, and nobody else does', () => {
  const [postgresql, ...others] = prod.targets;
  const drill = {
    connection: { host: 'drills', port: 6432, database: 'postgres' },
    secret: { name: 'drill-secret' },
    network: { podLabels: { app: 'drills' }, namespace: 'staging' },
  };
  const named = environmentWith('prod', { targets: [{ ...postgresql, drill }, ...others] });
  const reachers = Object.entries<readonly string[]>(allowedBy(named, 'egress'))
    .filter(([, policies]) => policies.includes('postgresql-backup-to-drill-server'))
    .map(([name]) => name);
  expect(reachers).toEqual(['backup-drill']);
  expect(policy('postgresql-backup-to-drill-server', named).egress).toEqual([
    {
      to: [
        {
          podSelector: { matchLabels: { app: 'drills' } },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'staging' } },
        },
      ],
      ports: [{ port: 6432, protocol: 'TCP' }],
    },
  ]);
});

describe('peers', () => {
  const peerOf = (network: object) => {
    const [first] = prod.targets;
    return policy(
      'postgresql-backup-to-database',
      environmentWith('prod', { targets: [{ ...first, network }] }),
    ).egress![0]!.to;
  };

  test('are pods of another namespace', () => {
    expect(peerOf({ podLabels: { app: 'pg' }, namespace: 'databases' })).toEqual([
      {
        podSelector: { matchLabels: { app: 'pg' } },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'databases' } },
      },
    ]);
  });

  test('are address ranges, each without the exceptions of its family', () => {
    expect(peerOf({ cidrs: ['10.0.0.0/8', 'fd00::/8'], except: ['10.1.0.0/16'] })).toEqual([
      { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } },
      { ipBlock: { cidr: 'fd00::/8' } },
    ]);
  });
});

describe('the object store', () => {
  const portsFor = (stores: object) =>
    policy(
      'backup-to-object-store',
      environmentWith('dev', { stores: { directory: {}, ...stores } }),
    )?.egress![0]!.ports!.map(({ port }) => port);

  test.each([
    [undefined, [443]],
    ['https://minio.example.com:9000', [9000]],
    ['http://minio.example.com', [80]],
    ['https://minio.example.com', [443]],
  ])('at %s is reached on %j', (endpoint, ports) => {
    expect(portsFor({ s3: { base: 's3://bucket', ...(endpoint && { endpoint }) } })).toEqual(ports);
  });

  test('is not reached where there is none', () => {
    expect(portsFor({})).toBeUndefined();
  });
});

describe('notifications', () => {
  const portsFor = (notifications: object, network: object = {}) =>
    policy(
      'backup-to-notifications',
      environmentWith('prod', {
        notifications: { enabled: true, ...notifications },
        network: { ...prod.network, ...network },
      }),
    )?.egress![0]!.ports!.map(({ port }) => port);
  const email = { host: 'mail.example.com', from: 'backup@example.com', to: ['ops@example.com'] };

  test.each([
    ['a webhook where no channel is named', {}, [443]],
    ['a webhook and e-mail', { webhook: {}, email }, [443, 587]],
    ['e-mail alone, on a port of its own', { email: { ...email, port: 465, security: 'tls' } }, [465]],
    ['Slack', { slack: { channel: '#backups' } }, [443]],
    ['Slack behind a proxy', { slack: { channel: '#backups', apiUrl: 'http://proxy:3128/slack' } }, [3128]],
  ])('open the ports of %s', (_, notifications, ports) => {
    expect(portsFor(notifications)).toEqual(ports);
  });

  test('open further ports, for a webhook that is elsewhere', () => {
    expect(portsFor({}, { notificationPorts: [8443, 443] })).toEqual([443, 8443]);
  });
});

test('webhooks are not reached where notifications are off', () => {
  expect(policiesOf(environmentOf('dev')).map(({ name }) => name)).not.toContain('backup-to-notifications');
});

test('no target can be called so that two policies have one name', () => {
  const [, , redis] = prod.targets;
  const names = ['dns', 'object-store', 'notifications', 'default-deny', 'backup'];
  const targets = names.map((name) => ({ ...redis, name, secret: { name: `${name}-secret` } }));
  const policies = policiesOf(environmentWith('prod', { targets })).map(({ name }) => name);
  expect(policies.filter((name, index) => policies.indexOf(name) !== index)).toEqual([]);
});

describe('on the side of a server', () => {
  const [first] = prod.targets;
  const server = (network: object) =>
    find(
      objectsOf(environmentWith('prod', { targets: [{ ...first, network }] })),
      'NetworkPolicy',
      'postgresql-backup-to-server',
    );

  test('is no policy unless it is asked for', () => {
    expect(objectsOf(prod).map(({ metadata }) => metadata.name)).not.toContain('postgresql-backup-to-server');
  });

  test('the backup and the restore pod are let in to its port', () => {
    expect(server({ podLabels: { app: 'db' }, ingress: true })).toMatchObject({
      metadata: { namespace: 'grill-stats' },
      spec: {
        podSelector: { matchLabels: { app: 'db' } },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'grill-stats' } },
                podSelector: {
                  matchLabels: { 'app.kubernetes.io/part-of': 'grill-stats' },
                  matchExpressions: [
                    {
                      values: [
                        'postgresql-backup',
                        'postgresql-base',
                        'postgresql-wal',
                        'backup-restore-job',
                      ],
                    },
                  ],
                },
              },
            ],
            ports: [{ port: 5432, protocol: 'TCP' }],
          },
        ],
      },
    });
  });

  test('the policy lies where the server does', () => {
    const policy = server({ podLabels: { app: 'db' }, namespace: 'data', ingress: true });
    expect(policy.metadata.namespace).toBe('data');
  });
});

test('runs reach the Pushgateway that the plan names, at its port', () => {
  expect(policy('backup-to-pushgateway')).toBeUndefined();
  const pushing = environmentWith('prod', { pushgateway: { url: 'http://pushgateway.monitoring:9091' } });
  const { egress } = policy('backup-to-pushgateway', pushing);
  expect(egress).toEqual([
    {
      to: [
        {
          podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus-pushgateway' } },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
        },
      ],
      ports: [{ protocol: 'TCP', port: 9091 }],
    },
  ]);
  const reached = Object.entries<string[]>(allowedBy(pushing, 'egress')).filter(([, names]) =>
    names.includes('backup-to-pushgateway'),
  );
  expect(reached.map(([owner]) => owner)).not.toContain('backup-exporter');
  expect(reached.map(([owner]) => owner)).toContain('postgresql-backup');
});

test('DNS that listens on another port is reached there, and at addresses beside pods', () => {
  const environment = environmentWith('prod', {
    network: {
      ...prod.network,
      dns: {
        namespace: 'openshift-dns',
        podLabels: { 'dns.operator.openshift.io/daemonset-dns': 'default' },
        cidrs: ['169.254.20.10/32'],
      },
      dnsPorts: [5353],
    },
  });
  const { egress } = policiesOf(environment).find(({ name }) => name === 'backup-to-dns')!;
  expect(egress).toEqual([
    {
      to: [
        {
          podSelector: { matchLabels: { 'dns.operator.openshift.io/daemonset-dns': 'default' } },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'openshift-dns' } },
        },
        { ipBlock: { cidr: '169.254.20.10/32' } },
      ],
      ports: [
        { protocol: 'UDP', port: 5353 },
        { protocol: 'TCP', port: 5353 },
      ],
    },
  ]);
});
