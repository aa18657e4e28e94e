import type { k8s } from 'cdk8s-plus-28';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { imageOf, type PodSystem } from './job-pod.ts';

/** One rule of a ValidatingAdmissionPolicy, in CEL: https://kubernetes.io/docs/reference/using-api/cel/ */
export interface Validation {
  readonly expression: string;
  readonly message: string;
}

/** A value as CEL: what JSON writes is a literal of CEL, too. */
export const cel = (value: unknown): string => JSON.stringify(value);

/** A tree as CEL, whose maps hold values of one type unless told otherwise. */
const celTree = (value: unknown): string => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `dyn(${cel(value)})`;
  const entries = Object.entries(value).map(([key, entry]) => `${cel(key)}: ${celTree(entry)}`);
  return `dyn({${entries.join(', ')}})`;
};

/** What a container starts of ConfigMap `backup-scripts`. */
export const scriptPath = (script: string): string => `${mounts.scripts}/${script}`;

type Specs = readonly k8s.PodSpec[];

const sorted = (found: readonly (string | undefined)[]): string =>
  cel([...new Set(found.filter((name) => name !== undefined))].sort());

/** Volumes that our pods have, and what the API server and EKS add: tokens of the pod's own account. */
const volumeOfOurs = (specs: Specs): string => {
  const volumes = specs.flatMap((spec) => spec.volumes ?? []);
  return [
    'has(volume.emptyDir)',
    `has(volume.secret) && volume.secret.secretName in ${sorted(volumes.map(({ secret }) => secret?.secretName))}`,
    `has(volume.configMap) && volume.configMap.name in ${sorted(volumes.map(({ configMap }) => configMap?.name))}`,
    `has(volume.persistentVolumeClaim) && volume.persistentVolumeClaim.claimName == ${cel(names.volumeClaim)}`,
    'has(volume.projected) && volume.projected.sources.all(source, has(source.serviceAccountToken) || has(source.downwardAPI)' +
      " || has(source.configMap) && source.configMap.name == 'kube-root-ca.crt')",
  ].join(' || ');
};

/** Same for all pods of the system, and without defaults of the API server, so that they can be compared as a whole. */
const hardening = (spec: string, [first]: Specs): string => {
  const { securityContext, containers } = mustExist(first, 'pod of the system');
  const [container] = containers;
  return [
    `dyn(${spec}.securityContext) == ${celTree(securityContext)}`,
    `${spec}.containers.all(container, dyn(container.securityContext) == ${celTree(container?.securityContext)})`,
    ...['hostNetwork', 'hostPID', 'hostIPC'].map((field) => `!${spec}.?${field}.orValue(false)`),
    `(request.operation != 'CREATE' || !has(${spec}.nodeName))`,
  ].join(' && ');
};

/**
 * Rules of a pod at path `spec` that may have what one of `specs` has: Secrets, ConfigMaps, image, account, and no more of
 * its node.
 */
export const onlyOurs = (
  system: PodSystem,
  spec: string,
  account: string,
  specs: Specs,
): readonly Validation[] => [
  {
    expression:
      `${spec}.containers.size() == 1 && !has(${spec}.initContainers) && !has(${spec}.ephemeralContainers)` +
      ` && ${spec}.containers.all(container, container.image == ${cel(imageOf(system))})`,
    message: 'one container, of the image of the backup system',
  },
  {
    expression: `${spec}.volumes.all(volume, ${volumeOfOurs(specs)})`,
    message: 'only the Secrets, the ConfigMaps and the volume that this pod has anyway',
  },
  {
    expression:
      `${spec}.containers.all(container, !has(container.envFrom) && !has(container.volumeDevices)` +
      ' && container.?env.orValue([]).all(variable, !has(variable.valueFrom) || !has(variable.valueFrom.secretKeyRef)))',
    message: 'no Secret in the environment',
  },
  {
    expression: `${spec}.serviceAccountName == ${cel(account)}${specs[0]?.automountServiceAccountToken ? '' : ` && !${spec}.?automountServiceAccountToken.orValue(true)`}`,
    message: `account ${account}, and a token of it only where ours has one`,
  },
  {
    expression: hardening(spec, specs),
    message: 'the security context of the backup system, on a node that is not chosen',
  },
];
