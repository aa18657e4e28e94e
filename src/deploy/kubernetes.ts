import { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import { Deployment } from '@pulumi/kubernetes/apps/v1/deployment.js';
import { CronJob } from '@pulumi/kubernetes/batch/v1/cronJob.js';
import { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
import { LimitRange } from '@pulumi/kubernetes/core/v1/limitRange.js';
import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import { PersistentVolumeClaim } from '@pulumi/kubernetes/core/v1/persistentVolumeClaim.js';
import { ResourceQuota } from '@pulumi/kubernetes/core/v1/resourceQuota.js';
import { Service } from '@pulumi/kubernetes/core/v1/service.js';
import { ServiceAccount } from '@pulumi/kubernetes/core/v1/serviceAccount.js';
import { NetworkPolicy } from '@pulumi/kubernetes/networking/v1/networkPolicy.js';
import { Role } from '@pulumi/kubernetes/rbac/v1/role.js';
import { RoleBinding } from '@pulumi/kubernetes/rbac/v1/roleBinding.js';
import type { Provider } from '@pulumi/kubernetes/provider.js';
import type * as pulumi from '@pulumi/pulumi';
import type { KubernetesObject } from '../constructs/backup-system.ts';

type ResourceClass = new (
  name: string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- every class has arguments of its own
  args: any,
  options?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

const classes: Readonly<Record<string, ResourceClass>> = {
  'v1/ConfigMap': ConfigMap,
  'v1/LimitRange': LimitRange,
  'v1/Namespace': Namespace,
  'v1/PersistentVolumeClaim': PersistentVolumeClaim,
  'v1/ResourceQuota': ResourceQuota,
  'v1/Service': Service,
  'v1/ServiceAccount': ServiceAccount,
  'apps/v1/Deployment': Deployment,
  'batch/v1/CronJob': CronJob,
  'networking.k8s.io/v1/NetworkPolicy': NetworkPolicy,
  'rbac.authorization.k8s.io/v1/Role': Role,
  'rbac.authorization.k8s.io/v1/RoleBinding': RoleBinding,
};

/** Groups whose kinds come from CustomResourceDefinitions of operators. */
const customGroups = ['external-secrets.io', 'monitoring.coreos.com', 'onepassword.com'];

const classOf = ({ apiVersion, kind }: KubernetesObject): ResourceClass => {
  const found = customGroups.includes(apiVersion.split('/')[0]!)
    ? CustomResource
    : classes[`${apiVersion}/${kind}`];
  if (!found)
    throw new Error(`no Pulumi class for ${apiVersion}/${kind}; add it to src/deploy/kubernetes.ts`);
  return found;
};

/** Archives and what holds them are not deleted by a slip, and stay when the stack goes. */
const holdsData = ['Namespace', 'PersistentVolumeClaim'];

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
const waitsFor: Readonly<Record<string, readonly string[]>> = {
  CronJob: neededByPods,
  Deployment: neededByPods,
  RoleBinding: ['Role', 'ServiceAccount'],
  ServiceMonitor: ['Service'],
};

const idOf = ({ metadata: { name, namespace } }: KubernetesObject): string =>
  [namespace, name].filter(Boolean).join('/');

/** The namespace first, then what nothing waits for, then what waits. */
const wave = ({ kind }: KubernetesObject): number => {
  if (kind === 'Namespace') return 0;
  return kind in waitsFor ? 2 : 1;
};

/** What exists besides the objects: the cluster, and Secrets whose values no synthesis knows. */
interface Cluster {
  readonly provider: Provider;
  /** Registers Secrets into the namespace. */
  readonly secrets: (options: pulumi.CustomResourceOptions) => readonly pulumi.Resource[];
  /** Former logical names by the present ones. */
  readonly formerNames: Readonly<Record<string, readonly string[]>>;
}

type Made = readonly { readonly kind: string; readonly resource: pulumi.Resource }[];

const register = (object: KubernetesObject, made: Made, { provider, formerNames }: Cluster) => {
  const { kind } = object;
  const before = ['Namespace', ...(waitsFor[kind] ?? [])];
  const resource = new (classOf(object))(idOf(object), object, {
    provider,
    protect: holdsData.includes(kind),
    retainOnDelete: holdsData.includes(kind),
    dependsOn: made.filter((other) => before.includes(other.kind)).map((other) => other.resource),
    aliases: (formerNames[idOf(object)] ?? []).map((name) => ({ name })),
  });
  return { kind, resource };
};

/**
 * Registers each object as a typed resource named `namespace/name`, after what it needs.
 * @throws Error for a kind without a class
 */
export const deployObjects = (objects: readonly KubernetesObject[], cluster: Cluster): void => {
  const registered = (number: number, made: Made) =>
    objects.filter((object) => wave(object) === number).map((object) => register(object, made, cluster));
  const namespaces = registered(0, []);
  const dependsOn = namespaces.map(({ resource }) => resource);
  const secrets = cluster
    .secrets({ provider: cluster.provider, dependsOn })
    .map((resource) => ({ kind: 'Secret', resource }));
  registered(2, [...namespaces, ...secrets, ...registered(1, namespaces)]);
};
