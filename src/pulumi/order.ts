import type { KubernetesObject } from '../constructs/backup-system.ts';

/** What a pod needs before it starts: a run without its policies could talk to anybody, one without its volume waits. */
const neededByPods = [
  'ConfigMap',
  'ExternalSecret',
  'LimitRange',
  'NetworkPolicy',
  'OnePasswordItem',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'Secret',
  'ServiceAccount',
];

/** Kinds that a kind waits for, besides the namespace. */
const needs: Readonly<Record<string, readonly string[]>> = {
  CronJob: neededByPods,
  Deployment: neededByPods,
  RoleBinding: ['Role', 'ServiceAccount'],
  ServiceMonitor: ['Service'],
};

type Labels = Readonly<Record<string, string>>;

interface Template {
  readonly metadata: { readonly labels: Labels };
}

interface Workload {
  readonly spec: {
    readonly template?: Template;
    readonly jobTemplate?: { readonly spec: { template: Template } };
  };
}

interface Policy {
  readonly spec: {
    readonly podSelector: {
      readonly matchLabels?: Labels;
      readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
    };
  };
}

const podLabels = (object: KubernetesObject): Labels => {
  const { template, jobTemplate } = (object as never as Workload).spec;
  return (template ?? jobTemplate!.spec.template).metadata.labels;
};

/** Policies select by labels, and by the operator `In`. */
const selects = (policy: KubernetesObject, labels: Labels): boolean => {
  const { matchLabels = {}, matchExpressions = [] } = (policy as never as Policy).spec.podSelector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key]!))
  );
};

/** The namespace is first, then comes what nothing waits for, then what waits. */
export const waveOf = ({ kind }: KubernetesObject): 0 | 1 | 2 => {
  if (kind === 'Namespace') return 0;
  return kind in needs ? 2 : 1;
};

/** True where an object has to be there before another; of policies those that are about its pods, as there may be thousands. */
export const precedes = (earlier: Pick<KubernetesObject, 'kind'>, object: KubernetesObject): boolean => {
  if (earlier.kind === 'Namespace') return true;
  if (!needs[object.kind]?.includes(earlier.kind)) return false;
  return earlier.kind !== 'NetworkPolicy' || selects(earlier as KubernetesObject, podLabels(object));
};
