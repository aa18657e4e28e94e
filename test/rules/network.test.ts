import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { networkTables } from '../../scripts/docs/network.ts';
import { isAllowed, type End } from '../../scripts/network/policy.ts';
import { connectionOf, worldOf, type World } from '../../scripts/network/world.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { everyConsole } from '../kit/every-console.ts';
import {
  environmentNames,
  environmentOf,
  environmentWith,
  objectsOf,
  root,
  type EnvironmentName,
} from '../kit/environments.ts';

const worldIn = (environment: Environment): World => worldOf(environment, objectsOf(environment));

/** `pod › what` of every connection that is allowed. */
const allowed = (world: World, direction: 'outgoing' | 'incoming'): readonly string[] =>
  world.pods.flatMap((pod) =>
    world[direction]
      .filter(
        (probe) =>
          probe.other.ip !== pod.ip && isAllowed(world.policies, connectionOf(direction, pod, probe)),
      )
      .map(({ what }) => `${pod.name} › ${what}`),
  );

/** Needs of every pod, and of single ones: all that may be allowed, written down and not derived. */
const everyPod = [
  'DNS of the cluster, UDP 53',
  'DNS of the cluster, TCP 53',
  'object store, TCP 443',
  'Internet, TCP 443',
];
const postgresql = ['server of postgresql, TCP 5432'];
const influxdb = ['server of influxdb, TCP 8086', 'server of influxdb, TCP 8088'];
const redis = ['server of redis, TCP 6379'];
const needs: Readonly<Record<string, readonly string[]>> = {
  'postgresql-backup': postgresql,
  'influxdb-backup': influxdb,
  'redis-backup': redis,
  'backup-verification': [],
  'backup-drill': [],
  'backup-console': ['Kubernetes API, TCP 443'],
  'backup-exporter': [],
  'backup-restore-job': [...postgresql, ...influxdb, ...redis],
};

/** The log of PostgreSQL is kept in prod only. */
const ofLog: typeof needs = { 'postgresql-base': postgresql, 'postgresql-wal': postgresql };
const needsIn = (name: EnvironmentName): typeof needs => ({ ...needs, ...(name === 'prod' && ofLog) });

describe.each(environmentNames)('%s', (name) => {
  const world = worldIn(environmentOf(name));

  test('each pod connects to what it needs, and to nothing else', () => {
    const wanted = Object.entries(needsIn(name)).flatMap(([pod, own]) =>
      [...everyPod, ...own].map((what) => `${pod} › ${what}`),
    );
    expect(allowed(world, 'outgoing').toSorted()).toEqual(wanted.toSorted());
  });

  test('only Prometheus connects to exporter and receiver, only Redis to the restore pod, and nobody to a backup', () => {
    expect(allowed(world, 'incoming')).toEqual([
      ...(name === 'prod' ? ['postgresql-wal › Prometheus, TCP 9188'] : []),
      'backup-exporter › Prometheus, TCP 9187',
      'backup-restore-job › server of redis, TCP 40000',
    ]);
  });

  const never = {
    'the metadata service': '169.254.169.254',
    'the metadata service of ECS': '169.254.170.2',
    'the Kubernetes API': '10.96.0.1',
    'a private network (10/8)': '10.200.0.1',
    'a private network (172.16/12)': '172.31.0.1',
    'a private network (192.168/16)': '192.168.0.1',
    'carrier-grade NAT, where some clouds put their own services': '100.100.100.200',
  };
  test.each(Object.entries(never))('no pod reaches %s on any port that is allowed elsewhere', (_, ip) => {
    const ports = [22, 53, 80, 443, 5432, 6379, 6443, 8086, 8088, 9187];
    const to: End = { ip };
    for (const from of world.pods)
      expect(ports.filter((port) => isAllowed(world.policies, { from, to, port }))).toEqual([]);
  });

  test('a pod of another namespace with the labels of a database is not taken for it', () => {
    const labels = { 'app.kubernetes.io/name': 'postgresql' };
    const from = world.pods.find((pod) => pod.name === 'postgresql-backup')!;
    const inNamespace = (namespace: string) =>
      isAllowed(world.policies, { from, to: { ip: '10.42.9.9', pod: { namespace, labels } }, port: 5432 });
    expect([inNamespace('grill-stats'), inNamespace('elsewhere')]).toEqual([true, false]);
  });
});

describe('what an environment file asks for', () => {
  const { targets, network } = environmentOf('prod');
  const [first, ...others] = targets;

  test('addresses of the object store and of webhooks close the Internet', () => {
    const only = { cidrs: ['52.216.0.0/15'] };
    const world = worldIn(
      environmentWith('prod', { network: { ...network, objectStore: only, notifications: only } }),
    );
    const out = allowed(world, 'outgoing');
    expect(out.filter((each) => each.includes('Internet'))).toEqual([]);
    expect(out).toContain('postgresql-backup › object store, TCP 443');
  });

  test('a database outside of the cluster is reached by its address, and its neighbour is not', () => {
    const outside = { ...first!, network: { cidrs: ['192.0.2.7/32'] } };
    const { pods, policies } = worldIn(environmentWith('prod', { targets: [outside, ...others] }));
    const from = pods.find((pod) => pod.name === 'postgresql-backup')!;
    const reaches = (ip: string) => isAllowed(policies, { from, to: { ip }, port: 5432 });
    expect([reaches('192.0.2.7'), reaches('192.0.2.8')]).toEqual([true, false]);
  });

  test('ingress on the database’s side admits what works for it and the restore pod alone', () => {
    const guarded = { ...first!, network: { ...first!.network, ingress: true } };
    const { pods, policies } = worldIn(environmentWith('prod', { targets: [guarded, ...others] }));
    const to: End = {
      ip: '10.42.9.9',
      pod: { namespace: 'grill-stats', labels: { 'app.kubernetes.io/name': 'postgresql' } },
    };
    const stranger: End = { ip: '10.42.9.8', pod: { namespace: 'grill-stats', labels: { app: 'web' } } };
    const admitted = pods
      .filter((from) => isAllowed(policies, { from, to, port: 5432 }))
      .map((pod) => pod.name);
    expect(admitted).toEqual([
      'postgresql-backup',
      'postgresql-base',
      'postgresql-wal',
      'backup-restore-job',
    ]);
    expect(isAllowed(policies, { from: stranger, to, port: 5432 })).toBe(false);
  });

  const reachedBy = (changes: Readonly<Record<string, unknown>>, what: string): readonly string[] =>
    allowed(worldIn(environmentWith('prod', changes)), 'outgoing')
      .filter((each) => each.endsWith(what))
      .map((each) => each.split(' › ')[0]!);

  test('a server for drills is reached by the drill alone', () => {
    const { connection, secret } = first!;
    const network = { podLabels: { app: 'drills' } };
    const drilled = { ...first!, drill: { connection: { ...connection, port: 5433 }, secret, network } };
    expect(reachedBy({ targets: [drilled, ...others] }, 'drill server of postgresql, TCP 5433')).toEqual([
      'backup-drill',
    ]);
  });

  test('the API server is reached by the console, and by the restore pod where a restore may stop services', () => {
    const stopping = { ...first!, services: [{ kind: 'Deployment', name: 'api' }] };
    const asks = {
      targets: [stopping, ...others],
      network: { ...network, apiServer: { cidrs: ['10.0.0.5/32'] } },
    };
    expect(reachedBy(asks, 'Kubernetes API, TCP 443')).toEqual(['backup-console', 'backup-restore-job']);
  });

  describe('a console', () => {
    const apiServer = { cidrs: ['10.0.0.5/32'] };
    const asked = (changes: object) =>
      worldIn(
        environmentWith('prod', {
          console: { ...everyConsole, ...changes },
          network: { ...network, apiServer, objectStore: { cidrs: ['203.0.113.10/32'] } },
        }),
      );
    const podOf = ({ pods }: World) => pods.find(({ name }) => name === 'backup-console')!;
    const reaches = (world: World, ip: string, port: number) =>
      isAllowed(world.policies, { from: podOf(world), to: { ip }, port });
    const from = (world: World, namespace: string, labels: Readonly<Record<string, string>>) =>
      [9190, 8080].filter((port) =>
        isAllowed(world.policies, {
          from: { ip: '10.42.7.7', pod: { namespace, labels } },
          to: podOf(world),
          port,
        }),
      );

    test('reaches the API server, the object store and the issuer of its proxy, and no database', () => {
      const world = asked({});
      expect(allowed(world, 'outgoing').filter((each) => each.startsWith('backup-console'))).toEqual(
        [
          'DNS of the cluster, UDP 53',
          'DNS of the cluster, TCP 53',
          'object store, TCP 443',
          'Kubernetes API, TCP 443',
        ].map((what) => `backup-console › ${what}`),
      );
      expect([reaches(world, '198.51.100.10', 8443), reaches(world, '10.1.2.3', 8443)]).toEqual([
        true,
        false,
      ]);
    });

    test('without a proxy reaches no issuer', () => {
      expect(reaches(asked({ proxy: undefined }), '198.51.100.10', 8443)).toBe(false);
    });

    test('is reached on its port by whom the environment names, and by nobody else', () => {
      expect(from(asked({}), 'ingress', { app: 'ingress' })).toEqual([9190]);
      expect(from(asked({}), 'grill-stats', { app: 'ingress' })).toEqual([]);
      expect(from(asked({}), 'monitoring', { app: 'prometheus' })).toEqual([]);
      const closed = { clients: [], ingress: undefined, httpRoute: undefined };
      expect(from(asked(closed), 'ingress', { app: 'ingress' })).toEqual([]);
    });
  });

  test('a Pushgateway is reached by every run, and not by exporter and console', () => {
    const asks = {
      pushgateway: { url: 'http://pushgateway.monitoring:9091' },
      network: { ...network, pushgateway: { cidrs: ['10.0.0.6/32'] } },
    };
    expect(reachedBy(asks, 'Pushgateway, TCP 9091').toSorted()).toEqual(
      Object.keys(needsIn('prod'))
        .filter((pod) => pod !== 'backup-exporter' && pod !== 'backup-console')
        .toSorted(),
    );
  });

  test('without an object store and notifications nothing is reached outside of the cluster', () => {
    const { stores, aws } = environmentOf('prod');
    const closed = environmentWith('prod', {
      stores: { directory: stores.directory },
      aws: { ...aws, enabled: false },
      notifications: { enabled: false },
    });
    expect(allowed(worldIn(closed), 'outgoing').filter((each) => /Internet|object store/.test(each))).toEqual(
      [],
    );
  });
});

test('docs/how-to/network.md has the tables of today', () => {
  expect(readFileSync(join(root, 'docs/how-to/network.md'), 'utf8')).toContain(networkTables());
});
