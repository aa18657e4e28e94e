import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
import type { Data } from './rule.ts';

/** Where the pod spec of a kind is. */
const podSpecs: Readonly<Record<string, string>> = {
  Pod: 'spec',
  Deployment: 'spec.template.spec',
  CronJob: 'spec.jobTemplate.spec.template.spec',
};

const podKinds = Object.keys(podSpecs);
const containers = ['containers.*', 'initContainers.*'];

/** A line that hardens, by the kinds that have it and its path (`*` is any), and the rule that fails without it. */
export interface Line {
  readonly kinds: readonly string[];
  readonly path: string;
  readonly rule: string;
}

const linesOf = (kinds: readonly string[], byPath: Readonly<Record<string, string>>): readonly Line[] =>
  Object.entries(byPath).map(([path, rule]) => ({ kinds, path, rule }));

const containerLines = (container: string): Readonly<Record<string, string>> => ({
  [`pod.${container}.securityContext.allowPrivilegeEscalation`]: 'cannot gain privileges',
  [`pod.${container}.securityContext.readOnlyRootFilesystem`]: 'has a read-only root',
  [`pod.${container}.securityContext.capabilities.drop.0`]: 'drops all capabilities',
  [`pod.${container}.volumeMounts.*.readOnly`]: 'mounts secrets and configuration read-only',
  ...Object.fromEntries(
    ['requests', 'limits'].flatMap((side) =>
      ['cpu', 'memory', 'ephemeral-storage'].map((key) => [
        `pod.${container}.resources.${side}.${key}`,
        `has ${side} of ${key}`,
      ]),
    ),
  ),
});

/** A path that begins with `pod.` is in the pod spec of its kind. */
const podLines = linesOf(podKinds, {
  'pod.automountServiceAccountToken': 'mounts no API token where no API call is made',
  'pod.enableServiceLinks': 'learns of no other service by its environment',
  'pod.restartPolicy': 'says when it is started again',
  'pod.serviceAccountName': 'has a service account of its own',
  'pod.terminationGracePeriodSeconds': 'has time to stop',
  'pod.affinity': 'shares a volume of one node with its neighbours',
  'pod.securityContext.runAsNonRoot': 'runs as non-root',
  'pod.securityContext.runAsUser': 'has a user above 10000',
  'pod.securityContext.runAsGroup': 'has a group above 10000',
  'pod.securityContext.fsGroup': 'shares volumes by a group above 10000',
  'pod.securityContext.seccompProfile': 'has the seccomp profile of the runtime, on the pod',
  'pod.volumes.*.emptyDir.sizeLimit': 'bounds its scratch space',
  'pod.volumes.*.emptyDir.medium': 'writes no key to a disk',
  'pod.volumes.*.secret.defaultMode': 'lets nobody but owner and group read a secret',
  'pod.volumes.*.projected.defaultMode': 'lets nobody but owner and group read a secret',
  ...Object.fromEntries(containers.flatMap((container) => Object.entries(containerLines(container)))),
});

const jobLines = linesOf(['CronJob'], {
  'spec.concurrencyPolicy': 'never runs twice at once',
  'spec.startingDeadlineSeconds': 'starts late rather than never',
  'spec.suspend': 'says that it is not suspended',
  'spec.timeZone': 'runs by UTC',
  'spec.successfulJobsHistoryLimit': 'keeps a bounded history',
  'spec.failedJobsHistoryLimit': 'keeps a bounded history',
  'spec.jobTemplate.spec.activeDeadlineSeconds': 'ends in time',
  'spec.jobTemplate.spec.backoffLimit': 'is tried a bounded number of times',
  'spec.jobTemplate.spec.backoffLimitPerIndex': 'is tried a bounded number of times',
  'spec.jobTemplate.spec.completionMode': 'shares its work by index, all at once, where it has several pods',
  'spec.jobTemplate.spec.completions': 'shares its work by index, all at once, where it has several pods',
  'spec.jobTemplate.spec.parallelism': 'shares its work by index, all at once, where it has several pods',
  'spec.jobTemplate.spec.ttlSecondsAfterFinished': 'cleans up what was started by hand',
  'spec.jobTemplate.spec.podFailurePolicy.rules.0': 'does not count a drained node as a failure',
  'spec.jobTemplate.spec.podFailurePolicy.rules.1': 'gives up on errors that another try cannot cure',
  'spec.jobTemplate.spec.podFailurePolicy.rules.1.onExitCodes.values.*':
    'gives up on errors that another try cannot cure',
});

const networkLines = linesOf(['NetworkPolicy'], {
  'spec.egress.*.to': 'names the other end of each connection',
  'spec.ingress.*.from': 'names the other end of each connection',
  'spec.egress.*.to.*.podSelector.matchLabels': 'selects other pods by their labels',
  'spec.egress.*.to.*.ipBlock.except.*': 'leaves the cluster and the metadata service out of the Internet',
  'spec.egress.*.ports': 'names the ports that it opens',
  'spec.egress.*.ports.*.port': 'names the ports that it opens',
  'spec.podSelector.matchLabels.app\\.kubernetes\\.io/part-of': 'selects pods of this system only',
  'spec.podSelector.matchLabels.app\\.kubernetes\\.io/component': 'selects pods of this system only',
  'spec.podSelector.matchExpressions': 'opens to a pod what that pod needs',
});

const otherLines: readonly Line[] = [
  ...linesOf(['Pod'], { 'spec.activeDeadlineSeconds': 'holds every secret for a day at most' }),
  ...linesOf(['Deployment'], {
    'pod.containers.*.livenessProbe': 'has a livenessProbe where it serves',
    'pod.containers.*.readinessProbe': 'has a readinessProbe where it serves',
    'spec.strategy': 'has one pod, or two consoles one after the other, as its volume has one node',
    'spec.replicas': 'has one pod, or two consoles one after the other, as its volume has one node',
  }),
  ...linesOf(['ServiceAccount'], { automountServiceAccountToken: 'gives no pod a token unasked' }),
  ...linesOf(
    ['Namespace'],
    Object.fromEntries(
      ['audit', 'warn'].map((mode) => [
        `metadata.labels.pod-security\\.kubernetes\\.io/${mode}`,
        `has Pod Security restricted: ${mode}`,
      ]),
    ),
  ),
  ...linesOf(['ResourceQuota'], { 'spec.hard.*': 'bounds what the namespace may use' }),
  ...linesOf(['LimitRange'], {
    'spec.limits.*.default.*': 'gives containers bounds that ask for none',
    'spec.limits.*.defaultRequest.*': 'gives containers bounds that ask for none',
  }),
];

export const hardeningLines: readonly Line[] = [...podLines, ...jobLines, ...networkLines, ...otherLines];

/** Keys of a path; `\.` is a dot within one. */
const keysOf = ({ kind }: KubernetesObject, path: string): readonly string[] =>
  path
    .replace(/^pod\./, `${podSpecs[kind]}.`)
    .split(/(?<!\\)\./)
    .map((key) => key.replaceAll('\\.', '.'));

/** Every place in an object that a path names. */
export const placesOf = (object: KubernetesObject, path: string): readonly (readonly string[])[] => {
  const walk = (value: Data, [key, ...rest]: readonly string[], before: readonly string[]): string[][] => {
    if (typeof value !== 'object' || value === null) return [];
    return Object.keys(value)
      .filter((name) => key === '*' || key === name)
      .flatMap((name) => (rest.length ? walk(value[name], rest, [...before, name]) : [[...before, name]]));
  };
  return walk(object, keysOf(object, path), []);
};

const edited = (
  object: KubernetesObject,
  place: readonly string[],
  edit: (parent: Data, key: string) => void,
) => {
  const copy = structuredClone(object);
  edit(
    place.slice(0, -1).reduce<Data>((value, key) => (value[key] ??= {}), copy),
    place.at(-1)!,
  );
  return copy;
};

const remove = (parent: Data, key: string): void => {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
};

/** The objects, of which one says something else at a path. */
export const withValue = (
  objects: readonly KubernetesObject[],
  object: KubernetesObject,
  path: string,
  value: unknown,
): readonly KubernetesObject[] =>
  objects.map((other) =>
    other === object ? edited(object, keysOf(object, path), (parent, key) => (parent[key] = value)) : other,
  );

/** The objects, of which one lacks what is at a place. */
export const without = (
  objects: readonly KubernetesObject[],
  object: KubernetesObject,
  place: readonly string[],
): readonly KubernetesObject[] =>
  objects.map((other) => (other === object ? edited(object, place, remove) : other));
