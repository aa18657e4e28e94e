import { names } from '../../runtime/src/contract/names.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { KubernetesObject } from '../constructs/backup-system.ts';

/** What Secrets are, and what makes them. */
const secretSources = ['ExternalSecret', 'OnePasswordItem', 'Secret'];

/** What a pod needs before it starts: a run without its policies could talk to anybody, one without its volume waits. */
const neededByPods = [
  'ConfigMap',
  'LimitRange',
  'NetworkPolicy',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'ServiceAccount',
  ...secretSources,
];

/** Kinds that a kind waits for, besides the namespace. */
const needs: Readonly<Record<string, readonly string[]>> = {
  ClusterRoleBinding: ['ClusterRole', 'ServiceAccount'],
  CronJob: neededByPods,
  Deployment: neededByPods,
  HTTPRoute: ['Service'],
  Ingress: ['Service'],
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
  return mustExist(template ?? jobTemplate?.spec.template, 'template of a pod').metadata.labels;
};

/** Policies select by labels, and by the operator `In`. */
const selects = (policy: KubernetesObject, labels: Labels): boolean => {
  const { matchLabels = {}, matchExpressions = [] } = (policy as never as Policy).spec.podSelector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))
  );
};

/** The plan names keys of Secrets: a run that reads a new plan beside an old Secret fails. */
export const isPlan = ({ kind, metadata }: KubernetesObject): boolean =>
  kind === 'ConfigMap' && metadata.name === names.configMap;

const neededBy = (object: KubernetesObject): readonly string[] =>
  isPlan(object) ? secretSources : (needs[object.kind] ?? []);

/** The namespace is first; then comes what nothing waits for, Secrets among it; then the plan; then what waits. */
export const waves = ['namespace', 'base', 'plan', 'workloads'] as const;

export const waveOf = (object: KubernetesObject): (typeof waves)[number] => {
  if (object.kind === 'Namespace') return 'namespace';
  if (isPlan(object)) return 'plan';
  return object.kind in needs ? 'workloads' : 'base';
};

/** True where an object has to be there before another; of policies those that are about its pods, as there may be thousands. */
export const precedes = (earlier: Pick<KubernetesObject, 'kind'>, object: KubernetesObject): boolean => {
  if (earlier.kind === 'Namespace') return true;
  if (!neededBy(object).includes(earlier.kind)) return false;
  return earlier.kind !== 'NetworkPolicy' || selects(earlier as KubernetesObject, podLabels(object));
};
