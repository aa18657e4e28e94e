import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
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

/** What people and pods may do with the Kubernetes API. */
export const accessRules: readonly Rule[] = [
  podRule(
    'mounts no API token',
    ['NSA', 'CIS 5.1.6', 'kubesec AutomountServiceAccountToken'],
    ({ automountServiceAccountToken }) =>
      unless(automountServiceAccountToken === false, 'automountServiceAccountToken'),
  ),
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
    'binds people by their groups',
    ['CIS 5.1.7', 'kubesec BindingsToSystemAnonymous'],
    bindingKinds,
    ({ subjects = [] }) =>
      subjects.filter(({ kind, name }: Data) => kind !== 'Group' || name.startsWith('system:')),
  ),
  {
    name: 'stays within its namespace',
    sources: ['CIS 5.1.1', 'NSA'],
    violations: (objects: readonly KubernetesObject[]) =>
      objects.filter(({ kind }) => kind.startsWith('Cluster')).map(({ kind }) => kind),
  },
];
