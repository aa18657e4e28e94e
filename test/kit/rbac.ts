import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { at, find } from './environments.ts';

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One request to the Kubernetes API: `get`, `''`, `configmaps`, `backup-config`. A list, watch or create has no name. */
export type Request = readonly [verb: string, group: string, resource: string, name?: string];

/** True where a rule of the Role allows it: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
export const allows = (objects: readonly KubernetesObject[], role: string, request: Request): boolean => {
  const [verb, group, resource, name] = request;
  const has = (list: readonly string[], wanted: string) => list.includes(wanted) || list.includes('*');
  return (find(objects, 'Role', role)['rules'] as readonly PolicyRule[]).some(
    ({ apiGroups, resources, verbs, resourceNames = [] }) =>
      has(apiGroups, group) &&
      has(resources, resource) &&
      has(verbs, verb) &&
      (resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name))),
  );
};

/** True where a RoleBinding of the namespace gives one of the groups a Role that allows it. */
export const groupsMay = (
  objects: readonly KubernetesObject[],
  groups: readonly string[],
  request: Request,
): boolean =>
  objects
    .filter(({ kind }) => kind === 'RoleBinding')
    .filter((binding) =>
      (at(binding, 'subjects') as { kind: string; name: string }[]).some(
        ({ kind, name }) => kind === 'Group' && groups.includes(name),
      ),
    )
    .some((binding) => allows(objects, at(binding, 'roleRef.name'), request));
