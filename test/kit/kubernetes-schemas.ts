import { ExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import { PodMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor';
import { PrometheusRule } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule';
import { ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor';
import { ValidatingAdmissionPolicy } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy';
import { ValidatingAdmissionPolicyBinding } from 'kubernetes-models/admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import { ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { LimitRange } from 'kubernetes-models/v1/LimitRange';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import { ResourceQuota } from 'kubernetes-models/v1/ResourceQuota';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { z } from 'zod';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';

interface Model {
  validate(): void;
}
type ModelClass = {
  new (data: never): Model;
  readonly prototype: Model;
  readonly apiVersion: string;
  readonly kind: string;
};

const models = [
  ClusterRole, ClusterRoleBinding, ConfigMap, CronJob, Deployment, ExternalSecret, Ingress, LimitRange, Namespace, NetworkPolicy,
  PersistentVolumeClaim, Pod, PodDisruptionBudget, PodMonitor, PrometheusRule, ResourceQuota, Role, RoleBinding, Service, ServiceAccount, ServiceMonitor,
  ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding,
] as unknown as readonly ModelClass[]; // prettier-ignore

/** https://github.com/1Password/onepassword-operator/blob/main/config/crd/bases/onepassword.com_onepassworditems.yaml */
const onePasswordItem = z.strictObject({
  apiVersion: z.literal('onepassword.com/v1'),
  kind: z.literal('OnePasswordItem'),
  metadata: z.strictObject({
    name: z.string(),
    namespace: z.string(),
    labels: z.record(z.string(), z.string()),
  }),
  spec: z.strictObject({ itemPath: z.string().regex(/^vaults\/[^/]+\/items\/[^/]+$/) }),
});

/** https://gateway-api.sigs.k8s.io/reference/spec/#httproute, as far as we write it */
const httpRoute = z.strictObject({
  apiVersion: z.literal('gateway.networking.k8s.io/v1'),
  kind: z.literal('HTTPRoute'),
  metadata: onePasswordItem.shape.metadata,
  spec: z.strictObject({
    hostnames: z.array(z.string().max(253)).max(16),
    parentRefs: z.array(
      z.strictObject({
        group: z.literal('gateway.networking.k8s.io'),
        kind: z.literal('Gateway'),
        name: z.string(),
        namespace: z.string().optional(),
        sectionName: z.string().optional(),
      }),
    ),
    rules: z.array(
      z.strictObject({
        matches: z.array(
          z.strictObject({ path: z.strictObject({ type: z.literal('PathPrefix'), value: z.string() }) }),
        ),
        backendRefs: z.array(
          z.strictObject({
            group: z.literal(''),
            kind: z.literal('Service'),
            name: z.string(),
            port: z.int(),
            weight: z.int(),
          }),
        ),
      }),
    ),
  }),
});

/** Kinds whose definitions no library of models has. */
const written: Readonly<Record<string, z.ZodType>> = {
  OnePasswordItem: onePasswordItem,
  HTTPRoute: httpRoute,
};

/** An object of which it is recorded which keys the validator asked for, and by what path. */
const watched = (value: object, path: string, unread: Map<string, () => readonly string[]>): object => {
  const read = new Set<PropertyKey>();
  // a validator that reads no key takes any; one that enumerates keys knows a map
  let enumerated = false;
  unread.set(path, () =>
    enumerated || !read.size ? [] : Object.keys(value).filter((key) => !read.has(key)),
  );
  return new Proxy(value, {
    get: (target, key) => {
      read.add(key);
      const field: unknown = Reflect.get(target, key);
      return typeof field === 'object' && field !== null
        ? watched(field, `${path}.${String(key)}`, unread)
        : field;
    },
    ownKeys: (target) => {
      enumerated = true;
      return Reflect.ownKeys(target);
    },
  });
};

/**
 * What the schema of its kind says against an object, with unknown field names; empty if nothing.
 * The schemas allow unknown fields, so a field that its validator never looks at is taken as unknown.
 */
export const schemaProblems = (object: KubernetesObject): readonly string[] => {
  const schema = written[object.kind];
  if (schema)
    return (
      schema.safeParse(object).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? []
    );
  const Kind = models.find(
    ({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
  );
  if (!Kind) return [`no schema for ${object.apiVersion}/${object.kind}`];
  const unread = new Map<string, () => readonly string[]>();
  try {
    Kind.prototype.validate.call(watched(new Kind(object as never), '', unread) as Model);
  } catch (error) {
    return [(error as Error).message];
  }
  return [...unread].flatMap(([path, keys]) => keys().map((key) => `unknown field ${path}.${key}`));
};
