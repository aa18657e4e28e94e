import { deepEqual } from 'node:assert/strict';
import { kubectlCluster } from '../../src/preflight/kubectl.ts';
import { preflight } from '../../src/preflight/preflight.ts';
import type { Trouble } from '../../src/preflight/trouble.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { until } from '../kit/until.ts';
import { databasesOf, removeDatabases } from './databases.ts';
import { kubectl } from './kubectl.ts';
import { recordingCluster, type ClusterAnswers } from './recorded-cluster.ts';
import {
  environmentOfCase,
  laneClass,
  nothingWrong,
  releasedVolume,
  troubles,
  type Case,
} from './troubles.ts';

/** What was found, as a case names it. */
export const found = (all: readonly Trouble[]): readonly string[] =>
  all.map(({ check, object }) => `${check}: ${object}`);

const storageClass = {
  ...{ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: laneClass } },
  ...{ provisioner: 'lane/none', reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' },
};

const dnsPod = {
  ...{ apiVersion: 'v1', kind: 'Pod' },
  metadata: { name: 'lane-dns', namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  spec: { containers: [{ name: 'dns', image: 'registry.k8s.io/coredns/coredns:v1.11.1' }] },
};

const hasDns = async (): Promise<boolean> =>
  (await kubectl(['get', 'pods', '-n', 'kube-system', '-l=k8s-app=kube-dns', '-o', 'name'])) !== '';

/** A cluster that has everything. */
const stage = async (environment: Environment): Promise<() => Promise<unknown>> => {
  const items = [storageClass, ...((await hasDns()) ? [] : [dnsPod]), ...databasesOf(environment)];
  await kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const { name } = environment.namespace;
  await until(
    async () =>
      (await kubectl(['get', 'pods', '-n', name, '-o', 'name'])).split('\n').filter(Boolean).length ===
      environment.targets.length,
  );
  return async () => {
    await removeDatabases(environment);
    await kubectl(['delete', 'storageclass', laneClass]);
    await kubectl(['delete', 'pod', 'lane-dns', '-n', 'kube-system', '--ignore-not-found', '--wait=false']);
  };
};

/** Asks until all is found, as a controller's word about a volume comes later. */
const ask = async (one: Case): Promise<ClusterAnswers> => {
  const undo = await one.prepare?.();
  try {
    return await until(async () => {
      const { cluster, answers } = recordingCluster(kubectlCluster(one.options ?? []));
      deepEqual(found(await preflight(cluster, environmentOfCase(one))), one.finds, one.title);
      return answers();
    });
  } finally {
    await undo?.();
  }
};

/** Answers that are other than those of the cluster without troubles. */
const differing = (base: ClusterAnswers, { gets, denied }: ClusterAnswers): ClusterAnswers => ({
  gets: Object.fromEntries(
    Object.entries(gets).filter(
      ([path, answer]) => JSON.stringify(answer) !== JSON.stringify(base.gets[path] ?? 'never asked'),
    ),
  ),
  denied,
});

/** Each trouble is named on a cluster that has it, and none on one that has none. */
export const askAboutTroubles = async (
  environment: Environment,
): Promise<Readonly<Record<string, ClusterAnswers>>> => {
  const unstage = await stage(environment);
  try {
    const base = await ask(nothingWrong);
    const answers: Record<string, ClusterAnswers> = { [nothingWrong.title]: base };
    for (const one of troubles) answers[one.title] = differing(base, await ask(one));
    return answers;
  } finally {
    await unstage();
  }
};

const claim = (environment: Environment) => ({
  ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  metadata: { name: 'backup-storage-pvc', namespace: environment.namespace.name },
  spec: {
    ...{
      storageClassName: laneClass,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '100Gi' } },
    },
  },
});

/** What the preflight says to do about a released volume gives a new claim its archives back. */
export const releasedVolumeComesBack = async (environment: Environment): Promise<void> => {
  const { name } = releasedVolume.metadata;
  const phase = () => kubectl(['get', 'pv', name, '-o', 'jsonpath={.status.phase}']);
  await kubectl(['create', '-f', '-'], JSON.stringify(releasedVolume));
  await until(async () => (await phase()) === 'Released');
  const removed = ['uid', 'resourceVersion']
    .filter((field) => field in releasedVolume.spec.claimRef)
    .map((field) => ({ op: 'remove', path: `/spec/claimRef/${field}` }));
  await kubectl(['patch', 'pv', name, '--type=json', '-p', JSON.stringify(removed)]);
  await kubectl(['create', '-f', '-'], JSON.stringify(claim(environment)));
  await until(async () => (await phase()) === 'Bound');
  await kubectl(['delete', '-f', '-'], JSON.stringify(claim(environment)));
  await kubectl(['delete', 'pv', name]);
};
