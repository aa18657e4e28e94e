import { names } from '../../../runtime/src/contract/names.ts';
import { nameLabel } from '../../../src/constructs/labels.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { kubectl } from '../kubectl.ts';
import { hasNodes, volumeFor } from '../scheduling.ts';

// Pulumi waits until a claim is bound and the exporter is ready, and no node is there to start it.

const ready = JSON.stringify({
  status: {
    phase: 'Running',
    conditions: ['Ready', 'ContainersReady'].map((type) => ({ type, status: 'True' })),
  },
});

/** Says of each pod of the exporter that waits to be started that it is ready. */
const startPods = async (namespace: string): Promise<void> => {
  const selector = `${nameLabel}=${names.exporter}`;
  const waiting = ['--field-selector=status.phase=Pending', '-l', selector];
  const found = await kubectl(['get', 'pods', '-n', namespace, ...waiting, '-o', 'name']);
  for (const pod of found.split('\n').filter(Boolean))
    await kubectl(['patch', pod, '-n', namespace, '--subresource=status', '-p', ready]);
};

const everyMs = 1000;

/**
 * Stands in for kubelet and storage, and resolves to what ends that.
 * @throws Error where the cluster has nodes, whose kubelets would have to start the job image
 */
export const standIn = async (environment: Environment): Promise<() => Promise<void>> => {
  if (await hasNodes()) throw new Error('the cluster has nodes: this test wants one without');
  const volume = JSON.stringify(volumeFor(environment));
  await kubectl(['create', '-f', '-'], volume);
  const timer = setInterval(() => {
    startPods(environment.namespace.name).catch(() => {}); // a pod that went meanwhile
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await kubectl(['delete', '--ignore-not-found', '--wait=false', '-f', '-'], volume);
  };
};
