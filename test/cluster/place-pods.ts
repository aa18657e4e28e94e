import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../../scripts/network/world.ts';
import { localName } from '../kit/job-image.ts';
import type { Listener } from './in-pod.ts';
import { kubectl } from './kubectl.ts';

// A pod for each place of docs/how-to/network.md that is one: with its labels, in its namespace, of the job image.

/** A place that a real pod stands for. */
export interface PodPlace extends Place {
  readonly pod: NonNullable<Place['pod']>;
}

const text = readFileSync(join(import.meta.dirname, 'in-pod.ts'), 'utf8');

const program = ['node', '--input-type=module-typescript', '--eval', text];

const nameOf = ({ name }: Place): string => `lane-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;

const podOf = (place: PodPlace, image: string, ports: readonly number[]) => ({
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { name: nameOf(place), namespace: place.pod.namespace, labels: place.pod.labels },
  spec: {
    // never ready, so that no Service of the cluster sends it anything: it may carry the labels of CoreDNS
    readinessGates: [{ conditionType: 'grill-stats/never' }],
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      ...{ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }], // DNS listens on 53
    },
    containers: [
      {
        ...{ name: 'place', image, imagePullPolicy: 'IfNotPresent' },
        command: [...program, 'listen', ...ports.map(String)],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
});

const missingNamespaces = async (places: readonly PodPlace[]): Promise<readonly string[]> => {
  const present = (await kubectl(['get', 'namespaces', '-o', 'name'])).split('\n');
  const wanted = new Set(places.map(({ pod }) => pod.namespace));
  return [...wanted].filter((name) => !present.includes(`namespace/${name}`));
};

/** Starts the pods, each listening on all ports, and resolves to what takes them away again. */
export const startPods = async (
  places: readonly PodPlace[],
  image: string,
  ports: readonly number[],
): Promise<() => Promise<void>> => {
  const namespaces = await missingNamespaces(places);
  for (const name of namespaces) await kubectl(['create', 'namespace', name]);
  const items = places.map((place) => podOf(place, localName(image), ports));
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  await kubectl(['create', '-f', '-'], list);
  await kubectl(['wait', '--for=condition=ContainersReady', '--timeout=5m', '-f', '-'], list);
  return async () => {
    await kubectl(['delete', '-f', '-'], list);
    for (const name of namespaces) await kubectl(['delete', 'namespace', name]);
  };
};

/** The place at the address that the cluster gave its pod. */
export const locate = async (place: PodPlace): Promise<PodPlace> => {
  const query = ['get', 'pod', nameOf(place), '-n', place.pod.namespace, '-o', 'jsonpath={.status.podIP}'];
  return { ...place, ip: await kubectl(query) };
};

/** Of each listener, whether it answers a pod. */
export const reachedFrom = async (
  place: PodPlace,
  listeners: readonly Listener[],
): Promise<readonly boolean[]> => {
  const exec = ['exec', nameOf(place), '-n', place.pod.namespace, '--', ...program];
  return JSON.parse(await kubectl([...exec, 'reach', JSON.stringify(listeners)])) as readonly boolean[];
};
