import { names } from '../../../runtime/src/contract/names.ts';
import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
import { podsOf } from '../environments.ts';
import { objectRule, podRule, unless, type Data, type Rule } from './rule.ts';

const roleKinds = ['Role', 'ClusterRole'];
const bindingKinds = ['RoleBinding', 'ClusterRoleBinding'];

const roleRule = (
  name: string,
  sources: readonly string[],
  violates: (rule: Data, role: Data) => boolean,
): Rule =>
  objectRule(name, sources, roleKinds, (role) =>
    (role.rules ?? []).filter((rule: Data) => violates(rule, role)),
  );

const any = (values: string[] | undefined, wanted: readonly string[]): boolean =>
  wanted.some((value) => values?.includes(value));

/** Who creates what runs; creation cannot be limited to names, so it is for people only. */
const creators: Readonly<Record<string, readonly string[]>> = {
  'backup-oncall': ['jobs'],
  'backup-restore': ['pods'],
};

const workloads = ['pods', 'deployments', 'statefulsets', 'replicasets', 'cronjobs', 'jobs', 'daemonsets'];

/** May be done to one named object only. */
const byName = ['pods/exec', 'pods/attach', 'pods/portforward'];
const nameable = ['patch', 'update', 'delete'];

/** Whether the restore pod has something to scale. */
const stopsServices = (objects: readonly KubernetesObject[]): boolean =>
  objects.some(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === names.servicesRole);

/** What people and pods may do with the Kubernetes API. */
export const accessRules: readonly Rule[] = [
  {
    name: 'mounts no API token where no API call is made',
    sources: ['NSA', 'CIS 5.1.6', 'kubesec AutomountServiceAccountToken'],
    violations: (objects: readonly KubernetesObject[]) =>
      podsOf(objects)
        .filter(({ spec }) => spec.automountServiceAccountToken !== false)
        .filter(({ owner }) => !(owner === `Pod ${names.restorePod}` && stopsServices(objects)))
        .map(({ owner }) => owner),
  },
  objectRule('gives no pod a token unasked', ['CIS 5.1.5', 'CIS 5.1.6'], ['ServiceAccount'], (account) =>
    unless(account.automountServiceAccountToken === false, 'automountServiceAccountToken'),
  ),
  podRule(
    'has a service account of its own',
    [
      'CIS 5.1.5',
      'kube-linter default-service-account',
      'kube-linter deprecated-service-account-field',
      'kubesec ServiceAccountName',
    ],
    ({ serviceAccountName = '', serviceAccount }) => [
      ...unless(!['', 'default'].includes(serviceAccountName), 'serviceAccountName'),
      ...unless(serviceAccount === undefined, 'serviceAccount'),
    ],
  ),
  roleRule(
    'grants nothing by wildcard',
    ['CIS 5.1.3', 'kube-linter wildcard-in-rules'],
    ({ apiGroups = [], resources = [], verbs = [] }) => [...apiGroups, ...resources, ...verbs].includes('*'),
  ),
  roleRule('lets nobody read secrets', ['CIS 5.1.2', 'kube-linter access-to-secrets'], ({ resources }) =>
    any(resources, ['secrets']),
  ),
  roleRule(
    'lets only people create what runs, and only what they are to',
    ['CIS 5.1.4', 'kube-linter access-to-create-pods'],
    ({ resources = [], verbs }, { metadata }) =>
      verbs.includes('create') &&
      resources.some(
        (resource: string) => workloads.includes(resource) && !creators[metadata.name]?.includes(resource),
      ),
  ),
  roleRule('changes and enters named objects only', ['NSA'], ({ resources, verbs, resourceNames = [] }) =>
    Boolean((any(resources, byName) || any(verbs, nameable)) && !resourceNames.length),
  ),
  roleRule('reads single CronJobs by name', ['NSA'], ({ resources, verbs, resourceNames = [] }) =>
    Boolean(resources.includes('cronjobs') && verbs.includes('get') && !resourceNames.length),
  ),
  roleRule(
    'grants no way to more rights',
    ['CIS 5.1.8', 'CIS 5.1.9', 'CIS 5.1.10', 'CIS 5.1.11', 'CIS 5.1.12', 'CIS 5.1.13'],
    ({ resources = [], verbs = [] }) =>
      any(verbs, ['escalate', 'bind', 'impersonate']) ||
      resources.some((resource: string) =>
        /^(nodes|persistentvolumes$|serviceaccounts|certificatesigningrequests|.*webhookconfigurations|roles|rolebindings)/.test(
          resource,
        ),
      ),
  ),
  objectRule(
    'binds nobody to cluster-admin',
    ['CIS 5.1.1', 'kube-linter cluster-admin-role-binding'],
    bindingKinds,
    ({ roleRef }) => unless(roleRef.name !== 'cluster-admin' && roleRef.kind === 'Role', 'roleRef'),
  ),
  objectRule(
    'binds people by their groups, and one pod to what it scales',
    ['CIS 5.1.7', 'kubesec BindingsToSystemAnonymous'],
    bindingKinds,
    ({ metadata, subjects = [] }) =>
      subjects.filter(({ kind, name }: Data) =>
        metadata.name === names.servicesRole
          ? kind !== 'ServiceAccount' || name !== names.restoreAccount
          : kind !== 'Group' || name.startsWith('system:'),
      ),
  ),
  objectRule(
    'scales and watches, where a pod is bound to it',
    ['NSA'],
    ['Role'],
    ({ metadata, rules = [] }) =>
      metadata.name === names.servicesRole
        ? rules.filter(
            ({ resources, verbs }: Data) =>
              !(
                resources.every((resource: string) => resource.endsWith('/scale')) &&
                !verbs.includes('create')
              ) && !(resources.join() === 'pods' && verbs.join() === 'list'),
          )
        : [],
  ),
  {
    name: 'stays within its namespace',
    sources: ['CIS 5.1.1', 'NSA'],
    violations: (objects: readonly KubernetesObject[]) =>
      objects.filter(({ kind }) => kind.startsWith('Cluster')).map(({ kind }) => kind),
  },
];
