import type { Pod } from '../api.ts';
import { refused, type Check } from '../trouble.ts';

/** Time zones of CronJobs, and policies that are not beta any more. */
const leastMinor = 27;
const policiesMinor = 30;
/** Tries of each index of an Indexed Job: https://kubernetes.io/docs/concepts/workloads/controllers/job/#backoff-limit-per-index */
const indexesMinor = 29;

export const version: Check = ({ minor, environment }) => {
  const { verification, drill } = environment;
  const { admissionPolicies, oncallGroups, restoreGroups } = environment.access;
  if (minor < leastMinor)
    return [
      refused(
        `Kubernetes 1.${minor}`,
        `is older than 1.${leastMinor}: CronJobs have no time zone`,
        'upgrade the cluster',
      ),
    ];
  if (minor < indexesMinor && Math.max(verification.parallelism, drill.parallelism) > 1)
    return [
      refused(
        `Kubernetes 1.${minor}`,
        `is older than 1.${indexesMinor}: pods of a Job cannot be tried again each by itself`,
        'set verification.parallelism and drill.parallelism to 1, or upgrade the cluster',
      ),
    ];
  if (minor < policiesMinor && admissionPolicies && oncallGroups.length + restoreGroups.length > 0)
    return [
      refused(
        `Kubernetes 1.${minor}`,
        `is older than 1.${policiesMinor}: it has no ValidatingAdmissionPolicy`,
        'set access.admissionPolicies: false, and note that anyone who may create a Job can mount every Secret',
      ),
    ];
  return [];
};

/** What defines the kinds that are not Kubernetes' own. */
const operators: Readonly<Record<string, string>> = {
  'monitoring.coreos.com': 'install the Prometheus operator',
  'onepassword.com': 'install the 1Password operator, or choose another source under `secrets`',
  'gateway.networking.k8s.io': 'install the Gateway API, or leave out console.httpRoute',
  'external-secrets.io': 'install the External Secrets operator, or choose another source under `secrets`',
};

export const kinds: Check = ({ objects, kinds: served }) => {
  const missing = objects.filter(({ apiVersion, kind }) => !served.has(`${apiVersion} ${kind}`));
  return [...Map.groupBy(missing, ({ apiVersion, kind }) => `${apiVersion} ${kind}`)]
    .filter(([key]) => Object.keys(operators).some((group) => key.startsWith(group)))
    .map(([key, some]) =>
      refused(
        key,
        `is not a kind of this cluster: ${some.map(({ metadata }) => metadata.name).join(', ')} cannot be applied`,
        operators[key.replace(/\/.*/s, '')] ?? '',
      ),
    );
};

export const namespace: Check = ({ environment, namespace: found }) => {
  const { name, create } = environment.namespace;
  const object = `Namespace ${name}`;
  if (found?.status?.phase === 'Terminating')
    return [
      refused(
        object,
        'is being deleted: nothing can be made in it',
        'wait until it is gone, and make it again',
      ),
    ];
  if (found === null && !create)
    return [
      refused(
        object,
        'is not there; it is the platform’s, so the manifests do not make it',
        `kubectl create namespace ${name}`,
      ),
    ];
  return [];
};

/** `restricted` wants this of every container, so one without it is not restricted. */
const isRestricted = ({ spec }: Pod): boolean =>
  [...spec.containers, ...(spec.initContainers ?? [])].every(
    ({ securityContext }) => securityContext?.allowPrivilegeEscalation === false,
  );

export const podSecurity: Check = ({ environment, namespace: found, databases }) => {
  if (found?.metadata?.labels?.['pod-security.kubernetes.io/enforce'] !== 'restricted') return [];
  const { name } = environment.namespace;
  const pods = databases
    .flatMap((database) => database.pods)
    .filter(({ metadata }) => metadata.namespace === name)
    .filter((pod) => !isRestricted(pod));
  return pods.map(({ metadata }) =>
    refused(
      `Pod ${metadata.name}`,
      `cannot start again: namespace ${name} enforces Pod Security restricted, which it does not keep`,
      `kubectl label namespace ${name} pod-security.kubernetes.io/enforce- (ours keep it by themselves)`,
    ),
  );
};

export const priorityClass: Check = ({ environment, priorityClass: found }) =>
  found === null
    ? [
        refused(
          `PriorityClass ${environment.priorityClass}`,
          'is not there: no pod would be made',
          'make it, or leave out priorityClass',
        ),
      ]
    : [];

/** What stands in the examples. */
const noDigest = `sha256:${'0'.repeat(64)}`;

export const image: Check = ({ environment }) =>
  environment.image.digest === noDigest
    ? [
        refused(
          `image ${environment.image.repository}`,
          'has a digest of zeros, which is a placeholder: its pods wait for the image until their deadline',
          'set image.digest to that of the pushed image',
        ),
      ]
    : [];
