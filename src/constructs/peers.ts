import { k8s } from 'cdk8s-plus-28';
import type { Peer } from '../environment/environment.ts';

/** Every pod of a namespace. */
export const inNamespace = (name: string): k8s.LabelSelector => ({
  matchLabels: { 'kubernetes.io/metadata.name': name },
});

export const port = (number: number, protocol = 'TCP'): k8s.NetworkPolicyPort => ({
  protocol,
  port: k8s.IntOrString.fromNumber(number),
});

const isV6 = (cidr: string): boolean => cidr.includes(':');

/** What a NetworkPolicy says of the other end of a connection. */
export const peersOf = ({ podLabels, namespace, cidrs = [], except = [] }: Peer): k8s.NetworkPolicyPeer[] => [
  ...(podLabels
    ? [
        {
          podSelector: { matchLabels: podLabels },
          ...(namespace && { namespaceSelector: inNamespace(namespace) }),
        },
      ]
    : []),
  ...cidrs.map((cidr) => {
    const left = except.filter((range) => isV6(range) === isV6(cidr));
    return { ipBlock: { cidr, ...(left.length && { except: left }) } };
  }),
];

/** 443, unless the endpoint names another. */
export const portOf = (endpoint: string | undefined): number => {
  if (!endpoint) return 443;
  const { port: explicit, protocol } = new URL(endpoint);
  return Number(explicit) || (protocol === 'http:' ? 80 : 443);
};
