import { names } from '../../runtime/src/contract/names.ts';
import { consolePaths } from '../../runtime/src/contract/console.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { groupsMay } from '../../test/kit/rbac.ts';
import { find, type Cluster, type Manifest } from '../pod/cluster.ts';
import { serveDeployment } from '../pod/deployment.ts';
import { hasName } from '../pod/identity.ts';
import { userOf } from '../pod/pod.ts';
import { heading, step } from '../progress.ts';
import { adopt, type Stage } from '../stage.ts';
import { startApiServer, type ApiServer } from './api-server.ts';
import { openJobs } from './jobs.ts';
import { openRestorePod } from './restore-pod.ts';

/** The console over the data of a stage. */
export interface DemoConsole {
  readonly url: string;
  /** Of somebody on call. */
  readonly token: string;
  /** A group of the people on call, by the manifests. */
  readonly group: string;
  /** Folder with the demo's `kubectl`. */
  readonly bin: string;
}

const oncallGroup = (cluster: Pick<Cluster, 'manifests'>): string => {
  const { subjects = [] } = find(cluster, 'RoleBinding', names.oncallRole) as {
    readonly subjects?: readonly { readonly name: string }[];
  };
  return mustExist(subjects[0], 'people on call').name;
};

const cronJobOf =
  (manifests: readonly Manifest[]) =>
  (name: string): object | undefined => {
    const found = manifests.find(({ kind, metadata }) => kind === 'CronJob' && metadata.name === name);
    return found && { ...found, metadata: { ...found.metadata, uid: name } };
  };

const refusalOf =
  ({ plan, cluster }: Stage) =>
  (cronJob: string): string | undefined => {
    const needsName = cronJob === names.drill && plan.targets.some(({ engine }) => engine === 'postgresql');
    return needsName && !hasName(userOf(find(cluster, 'CronJob', cronJob)))
      ? 'the demo cannot drill PostgreSQL as root: its pods run as a user whom this machine has no name for'
      : undefined;
  };

const startCluster = async (
  stage: Stage,
  stack: AsyncDisposableStack,
): Promise<{ readonly server: ApiServer; readonly cluster: Cluster }> => {
  const { cluster } = stage;
  const { manifests } = cluster;
  const jobs = stack.adopt(openJobs(() => cluster), (all) => all.stop()); // prettier-ignore
  const server = await adopt(
    stack,
    startApiServer({
      namespace: mustExist(find(cluster, 'Deployment', names.console).metadata.namespace, 'namespace'),
      may: (groups, request) => groupsMay(manifests as readonly KubernetesObject[], groups, request),
      cronJob: cronJobOf(manifests),
      jobs,
      refusal: refusalOf(stage),
    }),
  );
  return { server, cluster: { ...cluster, api: server.api } };
};

/** Starts the console of the manifests over what the stage holds, and what it needs of a cluster. */
export const startDemoConsole = async (
  stage: Stage,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<DemoConsole> => {
  const { server, cluster } = await startCluster(stage, stack);
  const group = oncallGroup(cluster);
  const token = server.tokenOf({ name: 'you', groups: [group] });
  const deployed = { name: names.console, ready: consolePaths.ready, args: ['--address', '127.0.0.1'] };
  const url = await serveDeployment(cluster, deployed, signal, stack);
  return { url, token, group, bin: await openRestorePod(cluster) };
};

const howTo = ({ url, token, group, bin }: DemoConsole): string => `
Open ${url} and sign in with this token:

  ${token}

It is of somebody in group ${group}, who may do what Role ${names.oncallRole} of the manifests allows. There is no
cluster: a stand-in on loopback answers for its API server, and runs that you start are processes, as those above.
The commands that "Restore it" prints run in another terminal, after

  export PATH=${bin}:$PATH   # its kubectl knows the demo's restore pod alone

Ctrl-C ends all of it.`;

/** Leaves the console running until somebody stops the demo. */
export const showConsole = async (
  stage: Stage,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<void> => {
  heading('Console');
  const { result } = await step(
    `start ${names.console}`,
    signal,
    () => startDemoConsole(stage, signal, stack),
    ({ url }) => url,
  );
  console.log(howTo(result));
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
};
