import { isKubernetes, kindOf, listAt, treeAt, type Resource, type Rule, type Tree } from './rule.ts';

const templates: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Deployment: ['spec', 'template'],
  Job: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
};

/** Spec of the pods that a resource starts. */
const podSpecOf = (resource: Resource): Tree | undefined => {
  const path = isKubernetes(resource) ? templates[kindOf(resource)] : undefined;
  return path && treeAt(resource.props, ...path, 'spec');
};

const containersOf = (spec: Tree): readonly Tree[] =>
  ['initContainers', 'containers', 'ephemeralContainers'].flatMap((field) => listAt(spec, field));

/** Accounts whose pods call the API: the console asks about people, the restore pod stops services. */
export const callers: readonly string[] = ['backup-console', 'backup-restore'];

const aboutPods =
  (check: (spec: Tree) => readonly string[]) =>
  (resource: Resource): readonly string[] => {
    const spec = podSpecOf(resource);
    return spec ? check(spec) : [];
  };

const aboutContainers = (check: (container: Tree, spec: Tree) => readonly string[]) =>
  aboutPods((spec) =>
    containersOf(spec).flatMap((container) =>
      check(container, spec).map((problem) => `container ${String(container['name'])} ${problem}`),
    ),
  );

/** A field of a container, or of its pod where the container leaves it out. */
const effective = (container: Tree, spec: Tree, field: string): unknown =>
  treeAt(container, 'securityContext')[field] ?? treeAt(spec, 'securityContext')[field];

const dropsAll = (container: Tree): boolean => {
  const { drop } = treeAt(container, 'securityContext', 'capabilities');
  return Array.isArray(drop) && drop.includes('ALL');
};

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and a read-only root. */
const restricted = (container: Tree, spec: Tree): readonly string[] => {
  const context = treeAt(container, 'securityContext');
  const seccomp = effective(container, spec, 'seccompProfile');
  const added = treeAt(context, 'capabilities')['add'];
  const problems: Readonly<Record<string, boolean>> = {
    'may run as root': effective(container, spec, 'runAsNonRoot') !== true,
    'may gain privileges': context['allowPrivilegeEscalation'] !== false || context['privileged'] === true,
    'keeps capabilities': !dropsAll(container) || (Array.isArray(added) && added.length > 0),
    'has no seccomp profile': !['RuntimeDefault', 'Localhost'].includes(
      String(treeAt({ seccomp }, 'seccomp')['type']),
    ),
    'can write to its root': context['readOnlyRootFilesystem'] !== true,
  };
  return Object.keys(problems).filter((problem) => problems[problem]);
};

const secretName = /passw|passphrase|secret|token|credential|access.?key|encryption.?key/i;
const secretText = /BEGIN [A-Z ]*PRIVATE KEY|\b(AKIA|ASIA)[A-Z0-9]{16}\b|xox[abpr]-|hooks\.slack\.com/;

const plainVariables = (container: Tree): readonly string[] =>
  listAt(container, 'env')
    .filter(
      ({ name, value }) =>
        value && (secretName.test(String(name)) || (typeof value === 'string' && secretText.test(value))),
    )
    .map(({ name }) => `has the value of ${String(name)} in its environment, expected a file of a Secret`);

const plainEntries = (resource: Resource): readonly string[] =>
  isKubernetes(resource) && kindOf(resource) === 'ConfigMap'
    ? Object.entries(treeAt(resource.props, 'data'))
        .filter(([, value]) => typeof value === 'string' && secretText.test(value))
        .map(([key]) => `key ${key} holds what looks like a secret`)
    : [];

/** The engine unwraps secrets before it asks, so the marks of the outputs have to tell. */
const unmarkedSecret = (resource: Resource): readonly string[] => {
  if (!isKubernetes(resource) || kindOf(resource) !== 'Secret') return [];
  return ['data', 'stringData']
    .filter((field) => Object.keys(treeAt(resource.props, field)).length > 0)
    .filter((field) => !resource.opts.additionalSecretOutputs.includes(field))
    .map((field) => `${field} would be in the state in plain text`);
};

const onPlainVariables = aboutContainers(plainVariables);

export const kubernetesRules: readonly Rule[] = [
  {
    name: 'image-by-digest',
    description: 'Images are named by digest: a tag can be moved.',
    severity: 'high',
    check: aboutContainers(({ image }) =>
      /@sha256:[0-9a-f]{64}$/.test(String(image)) ? [] : [`runs ${String(image)}, expected a digest`],
    ),
  },
  {
    name: 'pod-restricted',
    description: 'Pods keep Pod Security restricted, and a root that is read-only.',
    severity: 'high',
    check: aboutContainers(restricted),
  },
  {
    name: 'no-service-account-token',
    description: 'Pods that call no Kubernetes API hold no token for it.',
    severity: 'medium',
    check: aboutPods(({ automountServiceAccountToken, serviceAccountName }) =>
      automountServiceAccountToken === false || callers.includes(String(serviceAccountName))
        ? []
        : ['its pods mount a token of the API'],
    ),
  },
  {
    name: 'no-plain-secret',
    description: 'Secret values are in Secrets that are marked as secret, and in nothing else.',
    severity: 'critical',
    check: (resource) => [
      ...unmarkedSecret(resource),
      ...plainEntries(resource),
      ...onPlainVariables(resource),
    ],
  },
];
