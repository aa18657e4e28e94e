import { freePort } from '../../test/kit/private-server.ts';
import { until } from '../../test/kit/until.ts';
import { find, type Cluster } from './cluster.ts';
import { startPod } from './pod.ts';

/** A server of the manifests. */
interface Deployed {
  /** Of its Deployment. */
  readonly name: string;
  /** Path that answers once it is ready. */
  readonly ready: string;
  /** Besides those of the manifests, and the port. @default none */
  readonly args?: readonly string[];
}

/** Runs the pod of a Deployment, on a free port, until the demo ends. Resolves to its address once it is ready. */
export const serveDeployment = async (
  cluster: Cluster,
  { name, ready, args = [] }: Deployed,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<string> => {
  const pod = await startPod(cluster, find(cluster, 'Deployment', name));
  await pod.initialize(signal);
  const port = await freePort();
  const stopping = new AbortController();
  const argv = [...pod.command, '--port', `${port}`, ...args];
  const running = pod.exec(argv, AbortSignal.any([signal, stopping.signal]));
  running.catch(() => {}); // told by the probe, or stopped
  stack.defer(async () => {
    stopping.abort();
    await running.catch(() => {});
  });
  const url = `http://127.0.0.1:${port}`;
  const isReady = async () => (await fetch(`${url}${ready}`)).ok;
  await Promise.race([until(isReady), running]);
  return url;
};
