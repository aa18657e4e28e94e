import { BlockList, isIPv6 } from 'node:net';
import { engineNamed } from '../../../runtime/src/engines/registry.ts';
import type { Peer } from '../../environment/environment.ts';
import type { DaemonSet, EndpointSlice, List, Pod, Service } from '../api.ts';
import { itemsOf, type Found } from '../cluster.ts';
import type { Database, Facts } from '../facts.ts';
import { refused, type Check, type Finding } from '../trouble.ts';

const family = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

const listOf = (cidrs: readonly string[] = []): BlockList => {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address, bits] = cidr.split('/') as [string, string];
    list.addSubnet(address, Number(bits), family(address));
  }
  return list;
};

/** Addresses that a policy for this peer does not let through. */
const outside = ({ cidrs, except }: Peer, addresses: readonly string[]): readonly string[] => {
  const [within, without] = [listOf(cidrs), listOf(except)];
  return addresses.filter(
    (address) => !within.check(address, family(address)) || without.check(address, family(address)),
  );
};

const addressesOf = (slices: Found<List<EndpointSlice>>): readonly string[] =>
  itemsOf(slices).flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses));

const selects = (labels: Readonly<Record<string, string>>, { metadata }: Pod): boolean =>
  Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value);

const withoutSelector = ({ target, slices }: Database, service: Service): readonly Finding[] => {
  const object = `Service ${service.metadata.name}`;
  if (service.spec.type === 'ExternalName')
    return target.network.cidrs
      ? []
      : [
          refused(
            object,
            `stands for ${service.spec.externalName ?? 'nothing'}, outside the cluster, where pod labels select nothing: the NetworkPolicy blocks it`,
            `set targets[${target.name}].network.cidrs to its addresses`,
          ),
        ];
  const left = outside(target.network, addressesOf(slices));
  return left.length
    ? [
        refused(
          object,
          `has no selector: it leads to ${left.join(', ')}, which the NetworkPolicy does not let through`,
          `set targets[${target.name}].network.cidrs: [${left.map((address) => `${address}/${isIPv6(address) ? 128 : 32}`).join(', ')}]`,
        ),
      ]
    : [];
};

const ofPods = ({ target, pods }: Database, service: Service): readonly Finding[] => {
  const { podLabels } = target.network;
  const other = pods.find((pod) => !podLabels || !selects(podLabels, pod));
  if (!other || !addressless(target.network)) return [];
  return [
    refused(
      `Service ${service.metadata.name}`,
      `selects pod ${other.metadata.name}, which the labels of the NetworkPolicy do not select`,
      `set targets[${target.name}].network.podLabels to labels that its pods have, such as ${JSON.stringify(service.spec.selector)}`,
    ),
  ];
};

const addressless = ({ cidrs }: Peer): boolean => cidrs === undefined;

/** A policy is about the ports of pods, and the plan names that of the Service. */
const ofPorts = ({ target }: Database, service: Service): readonly Finding[] => {
  const wanted = engineNamed(target.engine).ports(target.connection)[0];
  const port = (service.spec.ports ?? []).find((each) => each.port === wanted);
  if (service.spec.type === 'ExternalName' || (port && Number(port.targetPort) === wanted)) return [];
  if (port && typeof port.targetPort === 'string') return []; // a port by its name: only the pod knows its number
  return [
    refused(
      `Service ${service.metadata.name}`,
      port
        ? `turns port ${wanted} to ${port.targetPort ?? port.port} of its pods, which the NetworkPolicy does not let through`
        : `has no port ${wanted}`,
      port
        ? `give it the same port as its pods, or make connection.host one of another Service`
        : `set targets[${target.name}].connection.port`,
    ),
  ];
};

/** The Service that a target's host names, and whether the policy leads to what is behind it. */
export const databases: Check = (facts) =>
  facts.databases.flatMap((database) => {
    const { target, service } = database;
    if (service === undefined) return [];
    if (service === null)
      return [
        refused(
          `Service ${database.host}`,
          `is not there: target ${target.name} has no server`,
          `make it, or set targets[${target.name}].connection.host`,
        ),
      ];
    return [
      ...(service.spec.selector ? ofPods(database, service) : withoutSelector(database, service)),
      ...ofPorts(database, service),
    ];
  });

const localIps = (daemonSet: DaemonSet): readonly string[] => {
  const args = daemonSet.spec.template.spec.containers.flatMap(({ args: each = [] }) => each);
  return (args[args.indexOf('-localip') + 1] ?? '').split(',').filter(Boolean);
};

/** Pods ask what their resolv.conf names: with NodeLocal DNSCache an address of the node, which no pod labels select. */
const nodeLocal = ({ environment, nodeLocalDns }: Facts): readonly Finding[] => {
  if (!nodeLocalDns) return [];
  const left = outside(environment.network.dns, localIps(nodeLocalDns));
  return left.length
    ? [
        refused(
          'DaemonSet node-local-dns',
          `answers to DNS at ${left.join(', ')}, which the NetworkPolicy does not let through`,
          `set network.dns.cidrs: [${left.map((address) => `${address}/32`).join(', ')}] beside its podLabels`,
        ),
      ]
    : [];
};

export const dns: Check = (facts) => {
  const { podLabels, namespace } = facts.environment.network.dns;
  const none = podLabels && facts.dnsPods && itemsOf(facts.dnsPods).length === 0;
  return [
    ...nodeLocal(facts),
    ...(none
      ? [
          refused(
            `pods ${JSON.stringify(podLabels)} in ${namespace ?? facts.environment.namespace.name}`,
            'are not there, so no pod of the backup system can resolve a name',
            'set network.dns to the cluster’s own, such as { namespace: openshift-dns, podLabels: { dns.operator.openshift.io/daemonset-dns: default } } with network.dnsPorts: [5353]',
          ),
        ]
      : []),
  ];
};

/** A restore that stops services calls the API server at its own addresses. */
export const apiServer: Check = ({ environment, apiServer: slices }) => {
  const { apiServer: peer, apiServerPorts } = environment.network;
  const asks =
    Boolean(environment.console?.enabled) || environment.targets.some(({ services }) => services?.length);
  if (!peer || !slices || !asks) return [];
  const left = outside(peer, addressesOf(slices));
  const ports = itemsOf(slices).flatMap((slice) => (slice.ports ?? []).map(({ port }) => port));
  const closed = ports.filter((port) => !apiServerPorts.includes(port));
  return [
    ...(left.length && !peer.podLabels
      ? [
          refused(
            'API server',
            `is at ${left.join(', ')}, which the NetworkPolicy to it does not let through`,
            `set network.apiServer.cidrs: [${left.map((address) => `${address}/32`).join(', ')}]`,
          ),
        ]
      : []),
    ...(closed.length
      ? [
          refused(
            'API server',
            `listens on port ${closed.join(', ')}, which the NetworkPolicy to it does not let through`,
            `set network.apiServerPorts: [${[...new Set([...apiServerPorts, ...closed])].join(', ')}]`,
          ),
        ]
      : []),
  ];
};
