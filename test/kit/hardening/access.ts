import { consolePerson, personKey } from '../../../runtime/src/contract/console.ts';
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

const ofConsole = new RegExp(`-${names.console}-(people|impersonation)$`);

/** What the console has in the whole cluster, since what it asks for has no namespace. */
const isOfConsole = ({ kind, metadata }: Data): boolean =>
  kind.startsWith('ClusterRole') && ofConsole.test(metadata.name);

/** One user without rights, groups by name that are not the system's, and the field with the name of a person. */
const isNarrowImpersonation = ({ resources, verbs, resourceNames = [] }: Data): boolean =>
  verbs.join() === 'impersonate' &&
  {
    users: resourceNames.join() === consolePerson,
    groups: resourceNames.length > 0 && !resourceNames.some((name: string) => name.startsWith('system:')),
    [`userextras/${personKey}`]: true,
  }[resources.join() as string] === true;

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
        .filter(({ owner }) => owner !== `Deployment ${names.console}`)
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
    ({ resources = [], verbs = [], ...rule }, role) =>
      any(verbs, ['escalate', 'bind']) ||
      (any(verbs, ['impersonate']) &&
        !(isOfConsole(role) && isNarrowImpersonation({ resources, verbs, ...rule }))) ||
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
    (binding) => {
      const { roleRef, metadata } = binding;
      const ofConsoles =
        isOfConsole(binding) && ['system:auth-delegator', metadata.name].includes(roleRef.name);
      return unless(roleRef.name !== 'cluster-admin' && (roleRef.kind === 'Role' || ofConsoles), 'roleRef');
    },
  ),
  objectRule(
    'binds people by their groups, and pods to what they alone do',
    ['CIS 5.1.7', 'kubesec BindingsToSystemAnonymous'],
    bindingKinds,
    (binding) => {
      const { metadata, subjects = [] } = binding;
      const pod = metadata.name === names.servicesRole ? names.restoreAccount : names.console;
      return subjects.filter(({ kind, name }: Data) =>
        metadata.name === names.servicesRole || isOfConsole(binding)
          ? kind !== 'ServiceAccount' || name !== pod
          : kind !== 'Group' || name.startsWith('system:'),
      );
    },
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
      objects
        .filter((object) => object.kind.startsWith('Cluster') && !isOfConsole(object))
        .map(({ kind }) => kind),
  },
];
