import { k8s } from 'cdk8s-plus-28';
import type { Environment, Resources } from '../environment/environment.ts';
import { canonicalQuantity } from '../environment/resources.ts';
import { overrideVariables } from './config.ts';
import { podsWithVolume, type Platform } from './labels.ts';
import { distinct, type Folder } from './volumes.ts';

/** User and group of the job image, and owner of the volume's files. */
const userId = 10_001;

/** Time for a run to stop its children, remove partial files and abort an upload after SIGTERM. */
const terminationGraceSeconds = 60;

/** What all pods of a system share. */
export interface PodSystem extends Platform {
  readonly image: Environment['image'];
  readonly storage: Pick<Environment['storage'], 'accessMode'>;
  readonly priorityClass?: string | undefined;
}

/** A container of the job image. */
interface Part {
  readonly container: string;
  readonly command: readonly string[];
  readonly folders: readonly Folder[];
  readonly ports?: k8s.ContainerPort[];
  readonly probes?: Pick<k8s.Container, 'livenessProbe' | 'readinessProbe'>;
  readonly lifecycle?: k8s.Lifecycle;
}

export interface JobPod extends Part {
  readonly system: PodSystem;
  readonly serviceAccount: string;
  /** Environment besides the overrides. @default none */
  readonly variables?: readonly k8s.EnvVar[];
  /** What ends before the container begins, with the same resources. @default none */
  readonly first?: Part | undefined;
  readonly resources: Resources;
  readonly restartPolicy: 'Never' | 'Always';
  /** True for a pod that calls the Kubernetes API. @default false */
  readonly apiToken?: boolean;
}

export const imageOf = ({ image: { repository, tag, digest } }: PodSystem): string =>
  `${repository}:${tag}${digest ? `@${digest}` : ''}`;

/** A quantity in the form in which the API server stores it. */
export const quantity = (text: string): k8s.Quantity => k8s.Quantity.fromString(canonicalQuantity(text));

/** Amounts as Kubernetes names them. */
export const quantities = (amounts: Resources['limits']): Record<string, k8s.Quantity> => ({
  cpu: quantity(amounts.cpu),
  memory: quantity(amounts.memory),
  'ephemeral-storage': quantity(amounts.ephemeralStorage),
});

const pullSecrets = ({ image }: PodSystem): k8s.LocalObjectReference[] | undefined =>
  image.pullSecrets.length ? image.pullSecrets.map((name) => ({ name })) : undefined;

/** Whether the volume of the archives is among them. */
export const needsVolume = (volumes: readonly k8s.Volume[] = []): boolean =>
  volumes.some(({ persistentVolumeClaim }) => persistentVolumeClaim);

/**
 * Pods on one node share a ReadWriteOnce volume, and the exporter holds it for ever: elsewhere they would wait for it until
 * their deadline. Required, as a preference may lose against other scores. The selector is that of every pod of ours with the
 * volume, each of which has these labels itself: so the first one goes where it likes, and none waits for an exporter that is
 * not there. A pod without the volume goes where it likes, and nobody follows it: the volume may be in another zone.
 */
const whereTheVolumeIs = (system: PodSystem, volumes: readonly k8s.Volume[]): k8s.Affinity | undefined =>
  system.storage.accessMode === 'ReadWriteOnce' && needsVolume(volumes)
    ? {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: podsWithVolume(system) },
          ],
        },
      }
    : undefined;

const container = (pod: JobPod, part: Part): k8s.Container => ({
  name: part.container,
  image: imageOf(pod.system),
  imagePullPolicy: 'IfNotPresent',
  command: [...part.command],
  env: [...overrideVariables(), ...(pod.variables ?? [])],
  resources: { requests: quantities(pod.resources.requests), limits: quantities(pod.resources.limits) },
  volumeMounts: distinct(part.folders).map(({ mount }) => mount),
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
  ...(part.ports && { ports: part.ports }),
  ...(part.lifecycle && { lifecycle: part.lifecycle }),
  ...part.probes,
});

/** A volume that is mounted at several places, or by both containers, is there once. */
const volumesOf = (folders: readonly Folder[]): k8s.Volume[] => [
  ...new Map(folders.map(({ volume }) => [volume.name, volume])).values(),
];

/** A pod of the job image under Pod Security `restricted`, without a token of the Kubernetes API unless it calls that. */
export const jobPod = (pod: JobPod): k8s.PodSpec => {
  const parts = [pod, ...(pod.first ? [pod.first] : [])];
  const volumes = volumesOf(parts.flatMap(({ folders }) => distinct(folders)));
  return {
    serviceAccountName: pod.serviceAccount,
    automountServiceAccountToken: pod.apiToken ?? false,
    enableServiceLinks: false,
    restartPolicy: pod.restartPolicy,
    terminationGracePeriodSeconds: terminationGraceSeconds,
    priorityClassName: pod.system.priorityClass,
    imagePullSecrets: pullSecrets(pod.system),
    affinity: whereTheVolumeIs(pod.system, volumes),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      // without it each start would walk every archive to change its owner
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...(pod.first && { initContainers: [container(pod, pod.first)] }),
    containers: [container(pod, pod)],
    volumes,
  };
};
