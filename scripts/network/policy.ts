import { BlockList, isIPv6 } from 'node:net';

/** The parts of networking.k8s.io/v1 NetworkPolicy that decide. */
export interface Policy {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes?: readonly string[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

type Labels = Readonly<Record<string, string>>;

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly Port[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

interface Port {
  readonly port?: number | string;
  readonly endPort?: number;
  readonly protocol?: string;
}

/** One end of a connection: a pod, or an address outside of the cluster. */
export interface End {
  readonly ip: string;
  readonly pod?: {
    readonly namespace: string;
    readonly labels: Labels;
    /** Of its containers, by name. */
    readonly ports?: Readonly<Record<string, number>>;
  };
}

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly port: number;
  /** @default TCP */
  readonly protocol?: 'TCP' | 'UDP' | 'SCTP';
}

type Direction = 'Ingress' | 'Egress';

const expression = (
  labels: Labels,
  { key, operator, values = [] }: NonNullable<Selector['matchExpressions']>[number],
): boolean => {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn': // also where the label is absent
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      throw new Error(`unknown operator ${operator}`);
  }
};

/** An empty selector selects everything. */
const selects = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every((each) => expression(labels, each));

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4');

const isWithin = (ip: string, cidr: string): boolean => {
  const [address, prefix] = cidr.split('/') as [string, string];
  const block = new BlockList();
  block.addSubnet(address, Number(prefix), familyOf(address));
  return familyOf(ip) === familyOf(address) && block.check(ip, familyOf(ip));
};

/** Labels of a namespace that a test names no others for: the API server sets this one. */
const namespaceLabels = (name: string): Labels => ({ 'kubernetes.io/metadata.name': name });

/** Address blocks are held to match pods too, as they do in some networks: what is allowed then is allowed here. */
const isPeer = (
  policy: Policy,
  { podSelector, namespaceSelector, ipBlock }: Peer,
  { ip, pod }: End,
): boolean => {
  if (ipBlock) return isWithin(ip, ipBlock.cidr) && !ipBlock.except?.some((cidr) => isWithin(ip, cidr));
  if (!pod) return false;
  const inNamespace = namespaceSelector
    ? selects(namespaceSelector, namespaceLabels(pod.namespace))
    : pod.namespace === policy.metadata.namespace;
  return inNamespace && selects(podSelector ?? {}, pod.labels);
};

const isPort = ({ port, endPort, protocol = 'TCP' }: Port, connection: Connection): boolean => {
  if (protocol !== (connection.protocol ?? 'TCP')) return false;
  if (port === undefined) return true;
  const first = typeof port === 'string' ? connection.to.pod?.ports?.[port] : port;
  return first !== undefined && connection.port >= first && connection.port <= (endPort ?? first);
};

/** A rule without peers is for all of them, one without ports for all of those. */
const admits = (policy: Policy, { from, to, ports }: Rule, other: End, connection: Connection): boolean => {
  const peers = from ?? to;
  return (
    (!peers?.length || peers.some((peer) => isPeer(policy, peer, other))) &&
    (!ports?.length || ports.some((port) => isPort(port, connection)))
  );
};

/** Ingress always where nothing is said, egress where there are such rules. */
const typesOf = ({ spec }: Policy): readonly string[] =>
  spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])];

/** A pod that no policy selects for a direction is free in it; else any rule of any such policy admits. */
const isAdmitted = (
  policies: readonly Policy[],
  direction: Direction,
  own: End,
  other: End,
  connection: Connection,
): boolean => {
  const { pod } = own;
  if (!pod) return true;
  const selecting = policies.filter(
    (policy) =>
      policy.metadata.namespace === pod.namespace &&
      typesOf(policy).includes(direction) &&
      selects(policy.spec.podSelector, pod.labels),
  );
  const side = direction === 'Ingress' ? 'ingress' : 'egress';
  return (
    selecting.length === 0 ||
    selecting.some((policy) =>
      (policy.spec[side] ?? []).some((rule) => admits(policy, rule, other, connection)),
    )
  );
};

/**
 * Whether a connection may be opened, by the semantics of
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/: the source's egress and the destination's
 * ingress both have to admit it. What a pod does with itself, and answers, are never filtered.
 */
export const isAllowed = (policies: readonly Policy[], connection: Connection): boolean => {
  const { from, to } = connection;
  return (
    isAdmitted(policies, 'Egress', from, to, connection) &&
    isAdmitted(policies, 'Ingress', to, from, connection)
  );
};
