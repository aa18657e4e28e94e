import { names } from '../../../runtime/src/contract/names.ts';
import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
import { podsOf } from '../environments.ts';
import { kinds } from './left-out.ts';
import { schemaProblems } from '../kubernetes-schemas.ts';
import { containersOf, objectRule, podRule, unless, type Data, type Rule } from './rule.ts';

const clusterKinds = [
  'ClusterRole',
  'ClusterRoleBinding',
  'Namespace',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
];

/** Name and port, by number or name, of Services that a way in leads to. */
const backendsOf = ({ kind, spec }: Data): readonly (readonly [string, unknown])[] =>
  kind === 'Ingress'
    ? spec.rules
        .flatMap(({ http }: Data) => http.paths)
        .map(({ backend: { service } }: Data) => [service.name, service.port.name])
    : spec.rules.flatMap(({ backendRefs }: Data) => backendRefs).map(({ name, port }: Data) => [name, port]);

const subset = (selector: Data = {}, labels: Data = {}): boolean =>
  Object.keys(selector).length > 0 && Object.entries(selector).every(([key, value]) => labels[key] === value);

const made = (objects: readonly KubernetesObject[], kind: string, name: string): Data =>
  objects.find((object) => object.kind === kind && object.metadata.name === name);

/** ConfigMaps and claims that a pod needs and nobody makes; Secrets come from elsewhere. */
const missing = (spec: Data, objects: readonly KubernetesObject[]): readonly string[] => {
  const volumes = (spec.volumes ?? []).flatMap(({ configMap, persistentVolumeClaim }: Data) => [
    ...(configMap
      ? [['ConfigMap', configMap.name, ...(configMap.items ?? []).map(({ key }: Data) => key)]]
      : []),
    ...(persistentVolumeClaim ? [['PersistentVolumeClaim', persistentVolumeClaim.claimName]] : []),
  ]);
  const variables = containersOf(spec)
    .flatMap(({ env = [] }) => env)
    .flatMap(({ valueFrom }: Data) => (valueFrom?.configMapKeyRef ? [valueFrom.configMapKeyRef] : []))
    .map(({ name, key }: Data) => ['ConfigMap', name, key]);
  return [...volumes, ...variables]
    .filter(([kind, name, ...keys]) => {
      const found = made(objects, kind, name);
      return !found || keys.some((key: string) => found.data[key] === undefined);
    })
    .map((reference) => reference.join(' '));
};

const isSorted = (value: Data): boolean => {
  if (Array.isArray(value)) return value.every(isSorted);
  if (typeof value !== 'object' || value === null) return true;
  const keys = Object.keys(value);
  return keys.join() === keys.toSorted().join() && Object.values(value).every(isSorted);
};

/** By convention an object says first what it is. */
const identity = ['apiVersion', 'kind', 'metadata'];

const isOrderly = (object: Data): boolean => {
  const [said, rest] = [
    Object.keys(object).slice(0, identity.length),
    Object.keys(object).slice(identity.length),
  ];
  return (
    said.join() === identity.join() &&
    rest.join() === rest.toSorted().join() &&
    Object.values(object).every(isSorted)
  );
};

const hasNoise = (value: Data): boolean =>
  value === null || (typeof value === 'object' && Object.values(value).some(hasNoise));

const clusterFields = ['creationTimestamp', 'generation', 'managedFields', 'resourceVersion', 'uid'];

/** What the cluster adds to an object, and fields that say nothing. */
const noiseIn = (object: Data): readonly string[] => [
  ...Object.keys(object.metadata).filter((key) => clusterFields.includes(key)),
  ...Object.keys(object).filter((key) => key === 'status' || (key !== 'data' && hasNoise(object[key]))),
];

/** A policy in the namespace of a server, and a role in that of a service that a restore stops. */
const elsewhere = ({ metadata }: Data): boolean =>
  metadata.name.endsWith('-to-server') || metadata.name === names.servicesRole;

const namespaceOf = (objects: readonly Data[]): string =>
  objects.find(({ metadata }) => metadata.name === names.configMap)?.metadata.namespace;

/** How objects hang together, and what each of them is. */
export const objectRules: readonly Rule[] = [
  {
    name: 'fits its schema',
    sources: ['kube-linter schema-validation'],
    violations: (objects) =>
      objects.flatMap((object) =>
        schemaProblems(object).map((problem) => `${object.kind} ${object.metadata.name}: ${problem}`),
      ),
  },
  {
    name: 'has its keys in order',
    sources: ['kube-linter sorted-keys'],
    violations: (objects) =>
      objects.filter((object) => !isOrderly(object)).map(({ metadata }) => metadata.name),
  },
  objectRule('has no field that says nothing', ['golden'], kinds, noiseIn),
  {
    name: 'lies in the namespace of the system',
    sources: ['CIS 5.7.4', 'kube-linter use-namespace'],
    violations: (objects) =>
      objects
        .filter(({ kind }) => !clusterKinds.includes(kind))
        .filter(
          (object) =>
            !object.metadata.namespace ||
            object.metadata.namespace === 'default' ||
            (object.metadata.namespace !== namespaceOf(objects) && !elsewhere(object)),
        )
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  },
  {
    name: 'belongs to a platform by its labels',
    sources: ['NSA'],
    violations: (objects) =>
      objects
        .filter(({ metadata }) => !metadata.labels?.['app.kubernetes.io/part-of'])
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`),
  },
  {
    name: 'is of a stable API',
    sources: ['kube-linter no-extensions-v1beta'],
    violations: (objects) =>
      objects.map(({ apiVersion }) => apiVersion).filter((version) => /alpha|beta/.test(version)),
  },
  {
    name: 'holds no secret',
    sources: ['NSA', 'CIS 5.4.1'],
    violations: (objects) =>
      objects.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name),
  },
  objectRule('enforces nothing on the pods of others', ['PSS'], ['Namespace'], ({ metadata }) =>
    unless(!metadata.labels?.['pod-security.kubernetes.io/enforce'], 'enforce'),
  ),
  ...['audit', 'warn'].map((mode) =>
    objectRule(`has Pod Security restricted: ${mode}`, ['PSS', 'CIS 5.2.1'], ['Namespace'], ({ metadata }) =>
      unless(metadata.labels?.[`pod-security.kubernetes.io/${mode}`] === 'restricted', mode),
    ),
  ),
  {
    name: 'runs under accounts that are made',
    sources: ['kube-linter non-existent-service-account'],
    violations: (objects) =>
      podsOf(objects)
        .filter(({ spec }) => !made(objects, 'ServiceAccount', spec.serviceAccountName))
        .map(({ owner }) => owner),
  },
  {
    name: 'refers to what is made',
    sources: ['kube-linter env-value-from'],
    violations: (objects) =>
      podsOf(objects).flatMap(({ owner, spec }) => missing(spec, objects).map((text) => `${owner}: ${text}`)),
  },
  objectRule('stays inside the cluster', ['kube-linter exposed-services'], ['Service'], ({ spec }) =>
    unless([undefined, 'ClusterIP'].includes(spec.type), spec.type),
  ),
  objectRule(
    'has pods and ports behind it',
    ['kube-linter dangling-service', 'kube-linter invalid-target-ports'],
    ['Service'],
    ({ spec }, objects) => {
      const pods = podsOf(objects as KubernetesObject[]).filter(({ labels }) =>
        subset(spec.selector, labels),
      );
      const names = pods
        .flatMap((pod) => containersOf(pod.spec))
        .flatMap(({ ports = [] }) => ports.map(({ name }: Data) => name));
      return [
        ...unless(pods.length === 1, 'selector'),
        ...spec.ports.filter(({ targetPort }: Data) => !names.includes(targetPort)),
      ];
    },
  ),
  objectRule(
    'has a service behind it',
    ['kube-linter dangling-servicemonitor'],
    ['ServiceMonitor'],
    ({ spec }, objects) =>
      unless(
        objects.some(
          ({ kind, metadata }) => kind === 'Service' && subset(spec.selector.matchLabels, metadata.labels),
        ),
        'selector',
      ),
  ),
  objectRule('selects its own pods', ['kube-linter mismatching-selector'], ['Deployment'], ({ spec }) =>
    unless(subset(spec.selector.matchLabels, spec.template.metadata.labels), 'selector'),
  ),
  objectRule(
    'has one pod, or two consoles one after the other, as its volume has one node',
    ['NSA'],
    ['Deployment'],
    ({ metadata, spec: { replicas, strategy } }) =>
      unless(
        metadata.name === names.console
          ? replicas <= 2 && strategy?.rollingUpdate?.maxSurge === 0
          : replicas === 1 && strategy?.type === 'Recreate',
        'replicas and strategy',
      ),
  ),
  objectRule(
    'lets nodes be drained',
    [
      'kube-linter pdb-max-unavailable',
      'kube-linter pdb-min-available',
      'kube-linter pdb-unhealthy-pod-eviction-policy',
    ],
    ['PodDisruptionBudget'],
    ({ spec }, objects) =>
      unless(
        spec.maxUnavailable === 1 &&
          spec.minAvailable === undefined &&
          spec.unhealthyPodEvictionPolicy === 'AlwaysAllow' &&
          objects.some(
            ({ kind, spec: { replicas, template } = {} as Data }) =>
              kind === 'Deployment' &&
              replicas > 1 &&
              subset(spec.selector.matchLabels, template.metadata.labels),
          ),
        'budget',
      ),
  ),
  objectRule(
    'leads to a Service',
    ['kube-linter dangling-ingress'],
    ['Ingress', 'HTTPRoute'],
    (way, objects) =>
      backendsOf(way).filter(
        ([name, port]) =>
          !made(objects, 'Service', name)?.spec.ports.some(
            (own: Data) => own.name === port || own.port === port,
          ),
      ),
  ),
  objectRule('bounds what the namespace may use', ['NSA'], ['ResourceQuota'], ({ spec }) =>
    [
      'pods',
      'requests.cpu',
      'requests.memory',
      'requests.ephemeral-storage',
      'limits.cpu',
      'limits.memory',
      'limits.ephemeral-storage',
    ].filter((key) => spec.hard[key] === undefined),
  ),
  objectRule('gives containers bounds that ask for none', ['NSA'], ['LimitRange'], ({ spec }) =>
    ['default', 'defaultRequest'].flatMap((side) =>
      ['cpu', 'memory', 'ephemeral-storage'].filter((key) => spec.limits[0][side]?.[key] === undefined),
    ),
  ),
  podRule('pulls no image anew each time', ['NSA'], (spec) =>
    containersOf(spec).filter(({ imagePullPolicy }) => imagePullPolicy !== 'IfNotPresent'),
  ),
];
