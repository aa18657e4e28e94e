import type { KubernetesObject } from '../constructs/backup-system.ts';
import type { Environment } from '../environment/environment.ts';
import type { Request } from './cluster.ts';

/** Where a kind's name is not its resource's with an s. */
const irregular: Readonly<Record<string, string>> = {
  Ingress: 'ingresses',
  NetworkPolicy: 'networkpolicies',
  ValidatingAdmissionPolicy: 'validatingadmissionpolicies',
};

const resourceOf = (kind: string): string => irregular[kind] ?? `${kind.toLowerCase()}s`;

const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));

/** What `kubectl apply` asks for an object. */
const applying = ({ apiVersion, kind, metadata }: KubernetesObject): readonly Request[] =>
  ['get', 'create', 'patch'].map((verb) => ({
    verb,
    group: groupOf(apiVersion),
    resource: resourceOf(kind),
    namespace: metadata.namespace,
  }));

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** What `system:auth-delegator` gives. Who binds a role must have every right that is in it, too. */
const reviewing: readonly Request[] = [
  { verb: 'create', group: 'authentication.k8s.io', resource: 'tokenreviews' },
  { verb: 'create', group: 'authorization.k8s.io', resource: 'subjectaccessreviews' },
];

const binding = ({ kind, roleRef }: KubernetesObject): readonly Request[] =>
  kind === 'ClusterRoleBinding' && (roleRef as { readonly name: string }).name === 'system:auth-delegator'
    ? reviewing
    : [];

/** Who makes a Role must have every right that is in it, or the verb `escalate`: the API server sees to that. */
const granting = (role: KubernetesObject): readonly Request[] =>
  (role['rules'] as readonly Rule[]).flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames ?? [undefined]).map((name) => ({
            verb,
            group,
            resource,
            name,
            namespace: role.metadata.namespace,
          })),
        ),
      ),
    ),
  );

const rbac = { verb: 'escalate', group: 'rbac.authorization.k8s.io' } as const;

/** For roles in the namespace, and for those of the cluster where there are some. */
const escalating = (
  { name: namespace }: Environment['namespace'],
  objects: readonly KubernetesObject[],
): readonly Request[] => [
  { ...rbac, resource: 'roles', namespace },
  ...(objects.some(({ kind }) => kind === 'ClusterRoleBinding')
    ? [{ ...rbac, resource: 'clusterroles' }]
    : []),
];

/** True for a right that a role gives, and not one to apply something. */
export const isGranted = (objects: readonly KubernetesObject[], request: Request): boolean =>
  granted(objects).some((each) => keyOf(each) === keyOf(request));

const granted = (objects: readonly KubernetesObject[]): readonly Request[] =>
  objects.flatMap((object) =>
    ['Role', 'ClusterRole'].includes(object.kind) ? granting(object) : binding(object),
  );

const keyOf = ({ verb, group, resource, namespace, name }: Request): string =>
  [verb, group, resource, namespace, name].join(' ');

/** Each request once that applying an environment needs. */
export const requestsOf = (
  environment: Environment,
  objects: readonly KubernetesObject[],
): readonly Request[] => {
  const all = [
    ...objects.flatMap(applying),
    ...escalating(environment.namespace, objects),
    ...granted(objects),
  ];
  return [...new Map(all.map((request) => [keyOf(request), request])).values()];
};
