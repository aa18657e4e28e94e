import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
import { podsOf } from '../environments.ts';
import { objectRule, unless, type Data, type Rule } from './rule.ts';

const matches = ({ matchLabels = {}, matchExpressions = [] }: Data, labels: Data): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(
    ({ key, operator, values }: Data) => operator === 'In' && values.includes(labels[key]),
  );

const policies = (objects: readonly KubernetesObject[]): Data[] =>
  objects.filter(({ kind }) => kind === 'NetworkPolicy');

const rulesOf = ({ egress = [], ingress = [] }: Data): Data[] => [...egress, ...ingress];
const peersOf = (spec: Data): Data[] => rulesOf(spec).flatMap(({ to = [], from = [] }) => [...to, ...from]);

/** What reaches a whole range of addresses must not reach the cluster, its nodes or the cloud's metadata. */
const inside = ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'];

const selectedLabels = ['app.kubernetes.io/component', 'app.kubernetes.io/part-of'];

/** Egress that every pod of the system needs; all else is for pods by name. */
const forAll = ['backup-default-deny', 'backup-to-dns', 'backup-to-object-store'];

const isOurs = ({ metadata, spec }: Data): boolean =>
  !metadata.name.endsWith('-to-server') && spec.policyTypes.length > 0;

const isolates = (pod: Data, direction: string) => (policy: Data) =>
  policy.spec.policyTypes?.includes(direction) &&
  !policy.spec[direction.toLowerCase()] &&
  matches(policy.spec.podSelector, pod.labels);

/** Who may talk to whom. */
export const networkRules: readonly Rule[] = [
  ...['Ingress', 'Egress'].map((direction) => ({
    name: `is denied all ${direction.toLowerCase()} but what a policy allows`,
    sources: ['NSA', 'CIS 5.3.2', 'kube-linter non-isolated-pod'],
    violations: (objects: readonly KubernetesObject[]) =>
      podsOf(objects)
        .filter((pod) => !policies(objects).some(isolates(pod, direction)))
        .map(({ owner }) => owner),
  })),
  objectRule('names the other end of each connection', ['NSA'], ['NetworkPolicy'], ({ spec }) =>
    rulesOf(spec).filter(({ to, from }) => !(to ?? from)?.length),
  ),
  objectRule('selects other pods by their labels', ['NSA'], ['NetworkPolicy'], ({ metadata, spec }) =>
    peersOf(spec).filter(
      ({ ipBlock, podSelector, namespaceSelector }) =>
        !ipBlock &&
        !Object.keys(podSelector?.matchLabels ?? {}).length &&
        !(metadata.name.startsWith('prometheus-to-') && namespaceSelector?.matchLabels),
    ),
  ),
  objectRule('names the ports that it opens', ['NSA'], ['NetworkPolicy'], ({ metadata, spec }) =>
    rulesOf(spec)
      .filter(({ ports = [] }) => !ports.length || ports.some(({ port }: Data) => port === undefined))
      // a Redis dials back to a port of the restore's choice
      .filter(() => !metadata.name.endsWith('-to-restore')),
  ),
  objectRule(
    'leaves the cluster and the metadata service out of the Internet',
    ['NSA'],
    ['NetworkPolicy'],
    ({ spec }) =>
      peersOf(spec)
        .filter(({ ipBlock }) => ipBlock?.cidr === '0.0.0.0/0')
        .flatMap(({ ipBlock }) => inside.filter((range) => !ipBlock.except?.includes(range))),
  ),
  objectRule('selects pods of this system only', ['NSA'], ['NetworkPolicy'], (policy) =>
    isOurs(policy)
      ? selectedLabels.filter((label) => !policy.spec.podSelector?.matchLabels?.[label])
      : unless(Object.keys(policy.spec.podSelector?.matchLabels ?? {}).length, 'podSelector'),
  ),
  objectRule('opens to a pod what that pod needs', ['NSA'], ['NetworkPolicy'], ({ metadata, spec }) => {
    const { matchLabels = {}, matchExpressions = [] } = spec.podSelector ?? {};
    const byName = [...Object.keys(matchLabels), ...matchExpressions.map(({ key }: Data) => key)];
    return forAll.includes(metadata.name) || metadata.name.endsWith('-to-server')
      ? []
      : unless(byName.includes('app.kubernetes.io/name'), 'podSelector');
  }),
  objectRule(
    'selects a pod that there is',
    ['kube-linter dangling-networkpolicy'],
    ['NetworkPolicy'],
    (policy, objects) =>
      isOurs(policy)
        ? unless(
            podsOf(objects as KubernetesObject[]).some(({ labels }) =>
              matches(policy.spec.podSelector, labels),
            ),
            'podSelector',
          )
        : [],
  ),
  objectRule(
    'lets in the backup pods of this system only',
    ['NSA'],
    ['NetworkPolicy'],
    ({ metadata, spec }) =>
      metadata.name.endsWith('-to-server')
        ? peersOf(spec).filter(
            ({ namespaceSelector, podSelector }) =>
              !namespaceSelector?.matchLabels || !podSelector?.matchExpressions?.length,
          )
        : [],
  ),
];
