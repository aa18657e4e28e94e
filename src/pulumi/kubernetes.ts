import { ValidatingAdmissionPolicy } from '@pulumi/kubernetes/admissionregistration/v1/validatingAdmissionPolicy.js';
import { ValidatingAdmissionPolicyBinding } from '@pulumi/kubernetes/admissionregistration/v1/validatingAdmissionPolicyBinding.js';
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
import { Ingress } from '@pulumi/kubernetes/networking/v1/ingress.js';
import { NetworkPolicy } from '@pulumi/kubernetes/networking/v1/networkPolicy.js';
import { PodDisruptionBudget } from '@pulumi/kubernetes/policy/v1/podDisruptionBudget.js';
import { ClusterRole } from '@pulumi/kubernetes/rbac/v1/clusterRole.js';
import { ClusterRoleBinding } from '@pulumi/kubernetes/rbac/v1/clusterRoleBinding.js';
import { Role } from '@pulumi/kubernetes/rbac/v1/role.js';
import { RoleBinding } from '@pulumi/kubernetes/rbac/v1/roleBinding.js';
import type { Provider } from '@pulumi/kubernetes/provider.js';
import type * as pulumi from '@pulumi/pulumi';
import type { KubernetesObject } from '../constructs/backup-system.ts';
import type { Naming } from './naming.ts';
import { isPlan, precedes, waves, waveOf } from './order.ts';

type ResourceClass = new (
  name: string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- every class has arguments of its own
  args: any,
  options?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

const classes: Readonly<Record<string, ResourceClass>> = {
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy': ValidatingAdmissionPolicy,
  'admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding': ValidatingAdmissionPolicyBinding,
  'v1/ConfigMap': ConfigMap,
  'v1/LimitRange': LimitRange,
  'v1/Namespace': Namespace,
  'v1/PersistentVolumeClaim': PersistentVolumeClaim,
  'v1/ResourceQuota': ResourceQuota,
  'v1/Service': Service,
  'v1/ServiceAccount': ServiceAccount,
  'apps/v1/Deployment': Deployment,
  'batch/v1/CronJob': CronJob,
  'networking.k8s.io/v1/Ingress': Ingress,
  'networking.k8s.io/v1/NetworkPolicy': NetworkPolicy,
  'policy/v1/PodDisruptionBudget': PodDisruptionBudget,
  'rbac.authorization.k8s.io/v1/ClusterRole': ClusterRole,
  'rbac.authorization.k8s.io/v1/ClusterRoleBinding': ClusterRoleBinding,
  'rbac.authorization.k8s.io/v1/Role': Role,
  'rbac.authorization.k8s.io/v1/RoleBinding': RoleBinding,
};

/** Groups whose kinds come from CustomResourceDefinitions of operators. */
const customGroups = [
  'external-secrets.io',
  'gateway.networking.k8s.io',
  'monitoring.coreos.com',
  'onepassword.com',
];

const classOf = ({ apiVersion, kind }: KubernetesObject): ResourceClass => {
  const found = customGroups.includes(apiVersion.replace(/\/.*/, ''))
    ? CustomResource
    : classes[`${apiVersion}/${kind}`];
  if (!found)
    throw new Error(`no Pulumi class for ${apiVersion}/${kind}; add it to src/pulumi/kubernetes.ts`);
  return found;
};

/** Archives and what holds them are not deleted by a slip, and stay when the stack goes. */
const holdsData = ['Namespace', 'PersistentVolumeClaim'];

const idOf = ({ metadata: { name, namespace } }: KubernetesObject): string =>
  [namespace, name].filter(Boolean).join('/');

/** What exists besides the objects: the cluster, and Secrets whose values no synthesis knows. */
interface Cluster {
  readonly provider: Provider;
  readonly naming: Naming;
  /** Registers Secrets into the namespace. */
  readonly secrets: (options: pulumi.CustomResourceOptions) => readonly pulumi.Resource[];
}

/** An object that is registered; of Secrets no more is known than that they are. */
interface Made {
  readonly object: Pick<KubernetesObject, 'kind'>;
  readonly resource: pulumi.Resource;
}

/**
 * Who owns the fields that Pulumi applies. By default each registration gets a random name, so that whoever takes over what
 * is there, after `pulumi destroy` or from manifests, meets the fields of a manager that does not exist any more.
 */
export const fieldManager = { 'pulumi.com/patchFieldManager': 'grill-stats-backup' } as const;

/** The plan is what the environment says: what somebody patched into it is set back, whatever they did it with. */
const planWins = { 'pulumi.com/patchForce': 'true' } as const;

const owned = (object: KubernetesObject): KubernetesObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { ...object.metadata.annotations, ...fieldManager, ...(isPlan(object) && planWins) },
  },
});

const register = (object: KubernetesObject, made: readonly Made[], { provider, naming }: Cluster): Made => {
  const keeps = holdsData.includes(object.kind);
  const { name, options } = naming.child(idOf(object));
  const resource = new (classOf(object))(name, owned(object), {
    ...options,
    provider,
    protect: keeps,
    retainOnDelete: keeps,
    dependsOn: made.filter((other) => precedes(other.object, object)).map((other) => other.resource),
  });
  return { object, resource };
};

const secrets = (namespaces: readonly Made[], cluster: Cluster): readonly Made[] =>
  cluster
    .secrets({ provider: cluster.provider, dependsOn: namespaces.map(({ resource }) => resource) })
    .map((resource) => ({ object: { kind: 'Secret' }, resource }));

/**
 * Registers each object as a typed resource named `namespace/name`, after what it needs.
 * @throws Error for a kind without a class
 */
export const deployObjects = (objects: readonly KubernetesObject[], cluster: Cluster): void => {
  const made: Made[] = [];
  for (const wave of waves) {
    const before = [...made];
    const now = objects.filter((object) => waveOf(object) === wave);
    made.push(...now.map((object) => register(object, before, cluster)));
    if (wave === 'base') made.push(...secrets(before, cluster));
  }
};
