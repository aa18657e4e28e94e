import { deepEqual, match } from 'node:assert/strict';
import { cronJobNames, names } from '../../runtime/src/contract/names.ts';
import { noVolume } from '../../src/constructs/labels.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { until } from '../kit/until.ts';
import { folderOf } from './applied.ts';
import { kubectl } from './kubectl.ts';

// Nodes that no kubelet runs: the scheduler places pods on them, and none ever starts.

const nodes = ['lane-1', 'lane-2'] as const;

const amounts = { cpu: '8', memory: '32Gi', pods: '100', 'ephemeral-storage': '500Gi' };

/** A kubelet's sign of life. */
const alive = async (name: string): Promise<void> => {
  const now = new Date().toISOString();
  const times = { lastHeartbeatTime: now, lastTransitionTime: now };
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Lane', message: 'no kubelet', ...times }];
  const status = JSON.stringify({ status: { capacity: amounts, allocatable: amounts, conditions } });
  await kubectl(['patch', 'node', name, '--subresource=status', '--type=merge', '-p', status]);
};

const makeNode = async (name: string): Promise<void> => {
  const metadata = { name, labels: { 'kubernetes.io/hostname': name } };
  await kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata }));
  await alive(name);
};

/** Half a minute without one, and the controller of nodes sends no pods there. */
const aliveEveryMs = 10_000;

const keepAlive = (): (() => void) => {
  const timer = setInterval(() => {
    for (const node of nodes) alive(node).catch(() => {}); // the next one may come through
  }, aliveEveryMs);
  return () => clearInterval(timer);
};

/** Bound by hand, as a cluster without storage would never bind the claim. */
export const volumeFor = ({ namespace, storage }: Environment) => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'lane-volume' },
  spec: {
    capacity: { storage: storage.size },
    accessModes: [storage.accessMode],
    persistentVolumeReclaimPolicy: 'Retain',
    claimRef: { namespace: namespace.name, name: names.volumeClaim },
    hostPath: { path: '/nowhere' },
  },
});

const inNamespace = ({ namespace }: Environment, ...args: readonly string[]): readonly string[] => [
  ...args,
  '-n',
  namespace.name,
];

const ours = '-l=app.kubernetes.io/component=backup';
const [[noVolumeLabel]] = Object.entries(noVolume) as [[string, string]];
const withVolume = `${ours},!${noVolumeLabel}`;
const withoutVolume = `${ours},${noVolumeLabel}`;

/** Nodes of our pods, each once; an empty name for a pod that waits for one. */
const placesOf = async (environment: Environment, selector: string): Promise<readonly string[]> => {
  const template = 'jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}';
  const text = await kubectl(inNamespace(environment, 'get', 'pods', selector, '-o', template));
  return text === '' ? [] : text.split('\n');
};

const start = (environment: Environment, cronJob: string, name: string): Promise<string> =>
  kubectl(inNamespace(environment, 'create', 'job', `--from=cronjob/${cronJob}`, name));

const placed = (environment: Environment, count: number, selector = withVolume): Promise<readonly string[]> =>
  until(async () => {
    const places = await placesOf(environment, selector);
    return places.length === count && places.every(Boolean) ? places : undefined;
  }, 60);

/** Without their Jobs first, which hold their pods until they have counted them. */
const removePods = async (environment: Environment, selector: string): Promise<void> => {
  await kubectl(inNamespace(environment, 'delete', 'jobs', '--all'));
  await kubectl(inNamespace(environment, 'delete', 'pods', selector, '--force', '--grace-period=0'));
};

const cordoned = (node: string): Promise<string> => kubectl(['cordon', node]);

/** Pods without the volume are in one zone and the volume is in another: nobody waits for a place beside them. */
const nobodyFollowsReceivers = async (
  environment: Environment,
  home: string,
  away: string,
): Promise<void> => {
  const receivers = await placesOf(environment, withoutVolume);
  await removePods(environment, withoutVolume);
  const places = await placed(environment, receivers.length, withoutVolume);
  deepEqual(new Set(places), new Set(receivers.map(() => away)), 'receivers go where the volume is not');
  await kubectl(['uncordon', home]);
  await cordoned(away);
  await removePods(environment, withVolume);
  await start(environment, cronJobNames(environment.targets)[0]!, 'lane-apart');
  await until(async () => (await placesOf(environment, withVolume)).includes(home), 60);
};

/** Every pod with the volume goes where the exporter holds the volume, and nowhere else; the first one goes where it likes. */
const followTheVolume = async (environment: Environment): Promise<void> => {
  const cronJobs = cronJobNames(environment.targets);
  const [home] = await placed(environment, 1);
  for (const cronJob of cronJobs) await start(environment, cronJob, `lane-${cronJob}`);
  deepEqual(new Set(await placed(environment, 1 + cronJobs.length)), new Set([home]), 'all are on one node');

  await cordoned(home!);
  await start(environment, cronJobs[0]!, 'lane-waits');
  const waiting = '-l=batch.kubernetes.io/job-name=lane-waits';
  const reason = await until(() =>
    kubectl(
      inNamespace(
        environment,
        'get',
        'pods',
        waiting,
        '-o',
        'jsonpath={.items[*].status.conditions[*].message}',
      ),
    ),
  );
  match(reason, /didn't match pod affinity rules/);

  await kubectl(inNamespace(environment, 'scale', 'deployment', names.exporter, '--replicas=0'));
  await removePods(environment, withVolume);
  await until(async () => (await placesOf(environment, withVolume)).length === 0);
  await start(environment, cronJobs[0]!, 'lane-first');
  const [away] = nodes.filter((node) => node !== home);
  deepEqual(await placed(environment, 1), [away]);
  await nobodyFollowsReceivers(environment, home!, away!);
};

const remove = async (environment: Environment): Promise<void> => {
  await removePods(environment, ours);
  await kubectl(['delete', 'nodes', ...nodes]);
};

/** True where the cluster has nodes of its own, whose pods this cannot place. */
export const hasNodes = async (): Promise<boolean> => (await kubectl(['get', 'nodes', '-o', 'name'])) !== '';

/** Jobs of a ReadWriteOnce volume on two nodes. */
export const jobsFollowTheVolume = async (environment: Environment): Promise<void> => {
  for (const node of nodes) await makeNode(node);
  const leave = keepAlive();
  await kubectl(['create', '-f', '-'], JSON.stringify(volumeFor(environment)));
  try {
    await kubectl(['apply', '-k', folderOf(environment)]);
    await followTheVolume(environment);
  } finally {
    leave();
    await remove(environment);
    await kubectl(['delete', '--wait=false', 'pv', 'lane-volume']);
  }
};
