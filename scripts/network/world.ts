import { metricsPort, receiverPort } from '../../runtime/src/contract/metrics.ts';
import { names, receiverNames } from '../../runtime/src/contract/names.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { engineNamed } from '../../runtime/src/engines/registry.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { portOf } from '../../src/constructs/peers.ts';
import type { Environment, Peer } from '../../src/environment/environment.ts';
import type { Connection, End, Policy } from './policy.ts';

/** An end with a name for people. */
export interface Place extends End {
  readonly name: string;
}

/** A connection that is asked about, and how it is called beside the pod it is asked for. */
export interface Probe {
  readonly what: string;
  readonly other: Place;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP';
}

/** Everything that opens or gets a connection in an environment. */
export interface World {
  readonly policies: readonly Policy[];
  /** Pods of the backup system. */
  readonly pods: readonly Place[];
  readonly outgoing: readonly Probe[];
  readonly incoming: readonly Probe[];
}

/** Addresses for documentation (RFC 5737) stand for the Internet: no private range holds them. */
const internetIp = '198.51.100.10';
const objectStoreIp = '203.0.113.10';

/** Where clouds tell a machine its credentials. */
const metadataIp = '169.254.169.254';

const templateOf = (object: KubernetesObject): KubernetesObject | undefined => {
  const spec = object['spec'] as
    { template?: unknown; jobTemplate?: { spec: { template: unknown } } } | undefined;
  if (object.kind === 'Pod') return object;
  if (object.kind === 'CronJob') return spec?.jobTemplate?.spec.template as KubernetesObject;
  return object.kind === 'Deployment' ? (spec?.template as KubernetesObject) : undefined;
};

const podPlace = (
  name: string,
  ip: string,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Place => ({
  name,
  ip,
  pod: { namespace, labels },
});

const backupPods = (objects: readonly KubernetesObject[]): readonly Place[] =>
  objects
    .flatMap((object) => {
      const template = templateOf(object);
      return template ? [{ object, labels: template.metadata.labels ?? {} }] : [];
    })
    .map(({ object: { metadata }, labels }, index) =>
      podPlace(metadata.name, `10.42.0.${10 + index}`, mustExist(metadata.namespace, 'namespace'), labels),
    );

const firstAddress = (cidr: string, fallback: string): string =>
  cidr === '0.0.0.0/0' ? fallback : cidr.replace(/\/\d+$/, '').replace(/\.0$/, '.10');

/** A place that a peer of the environment file describes. */
const placeOf = (name: string, peer: Peer, own: string, podIp: string, outsideIp: string): Place =>
  peer.podLabels
    ? podPlace(name, podIp, peer.namespace ?? own, peer.podLabels)
    : { name, ip: firstAddress(mustExist(peer.cidrs?.[0], 'address of the peer'), outsideIp) };

const probe = (what: string, other: Place, port: number, protocol: Probe['protocol'] = 'TCP'): Probe => ({
  what: `${what}, ${protocol} ${port}`,
  other,
  port,
  protocol,
});

const serversOf = ({ targets, namespace: { name: namespace } }: Environment): readonly Place[] =>
  targets.map(({ name, network }, index) =>
    placeOf(`server of ${name}`, network, namespace, `10.42.1.${10 + index}`, `172.20.1.${10 + index}`),
  );

const outside = (name: string, ip: string): Place => ({ name, ip });

/** Of what only some environments name. */
const asked = ({
  namespace: { name: namespace },
  targets,
  network,
  pushgateway,
}: Environment): readonly Probe[] => [
  ...targets.flatMap(({ name, engine, drill }, index) =>
    drill
      ? engineNamed(engine)
          .ports(drill.connection)
          .map((port) =>
            probe(
              `drill server of ${name}`,
              placeOf(
                'drill server',
                drill.network,
                namespace,
                `10.42.4.${10 + index}`,
                `172.20.4.${10 + index}`,
              ),
              port,
            ),
          )
      : [],
  ),
  ...(pushgateway
    ? [
        probe(
          'Pushgateway',
          placeOf('Pushgateway', network.pushgateway, namespace, '10.42.3.11', '172.20.3.11'),
          portOf(pushgateway.url),
        ),
      ]
    : []),
];

const outgoingOf = (
  environment: Environment,
  servers: readonly Place[],
  pods: readonly Place[],
): readonly Probe[] => {
  const {
    namespace: { name: namespace },
    targets,
    stores,
    network,
  } = environment;
  const dns = placeOf('DNS', network.dns, namespace, '10.42.2.10', '10.96.0.10');
  const store = placeOf('object store', network.objectStore, namespace, '10.42.2.11', objectStoreIp);
  const api = placeOf(
    'Kubernetes API',
    network.apiServer ?? { cidrs: ['10.96.0.1/32'] },
    namespace,
    '10.42.2.13',
    '10.96.0.1',
  );
  const internet = outside('Internet', internetIp);
  const serverAt = (index: number): Place => mustExist(servers[index], 'server of the target');
  const exporter = mustExist(
    pods.find(({ name }) => name === names.exporter),
    'exporter',
  );
  return [
    probe('DNS of the cluster', dns, 53, 'UDP'),
    probe('DNS of the cluster', dns, 53),
    ...targets.flatMap(({ engine, connection }, index) =>
      engineNamed(engine)
        .ports(connection)
        .map((port) => probe(serverAt(index).name, serverAt(index), port)),
    ),
    probe(`${serverAt(0).name}, another port`, serverAt(0), 22),
    ...asked(environment),
    ...(stores.s3 ? [probe('object store', store, portOf(stores.s3.endpoint))] : []),
    probe('Internet', internet, 443),
    probe('Internet', internet, 80),
    probe('Internet', internet, 53, 'UDP'),
    probe('metadata service of the cloud', outside('metadata service', metadataIp), 80),
    probe('Kubernetes API', api, mustExist(network.apiServerPorts[0], 'port of the API server')),
    probe('a machine in a private network', outside('private network', '192.168.7.7'), 443),
    probe(
      'another pod of the namespace',
      podPlace('another pod', '10.42.2.12', namespace, { app: 'web' }),
      8080,
    ),
    probe('metrics of the exporter', exporter, metricsPort),
  ];
};

const incomingOf = (
  { namespace: { name: namespace }, monitoring, targets }: Environment,
  servers: readonly Place[],
): readonly Probe[] => {
  const prometheus = podPlace('Prometheus', '10.42.3.10', monitoring.prometheusNamespace, {
    app: 'prometheus',
  });
  const neighbour = podPlace('another pod', '10.42.2.12', namespace, { app: 'web' });
  return [
    probe('Prometheus', prometheus, metricsPort),
    ...(receiverNames(targets).length ? [probe('Prometheus', prometheus, receiverPort)] : []),
    probe('Prometheus, another port', prometheus, 8080),
    probe('another pod of the namespace', neighbour, metricsPort),
    probe('another pod of the namespace', neighbour, 8080),
    // a port that a restore chose to listen on
    ...servers.map((server) => probe(server.name, server, 40_000)),
    probe('Internet', outside('Internet', internetIp), metricsPort),
  ];
};

/** What an environment's objects let connect, and a selection of what there is to connect to. */
export const worldOf = (environment: Environment, objects: readonly KubernetesObject[]): World => {
  const pods = backupPods(objects);
  const servers = serversOf(environment);
  return {
    policies: objects.filter(({ kind }) => kind === 'NetworkPolicy') as unknown as readonly Policy[],
    pods,
    outgoing: outgoingOf(environment, servers, pods),
    incoming: incomingOf(environment, servers),
  };
};

/** The connection of a probe, from the pod or to it. */
export const connectionOf = (
  direction: 'outgoing' | 'incoming',
  pod: Place,
  { other, port, protocol }: Probe,
): Connection =>
  direction === 'outgoing'
    ? { from: pod, to: other, port, protocol }
    : { from: other, to: pod, port, protocol };
