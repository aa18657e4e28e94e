import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { ClusterAccess } from '../../runtime/src/core/context.ts';
import { removeFolder, workFolder } from './private-server.ts';
import { selfSigned } from './self-signed.ts';

/**
 * Answers as kube-apiserver 1.33.4 did to the same requests under RBAC, byte for byte but for names and versions: numbers
 * that are 0 are left out of a Scale, and an empty list of pods is `null`.
 */
export interface TestKubeApi {
  readonly access: ClusterAccess;
  /** What a pod has in its environment, for the command line. */
  readonly env: Readonly<Record<string, string>>;
  /** Resource of a workload (`deployments/api`) → replicas. */
  readonly replicas: Record<string, number>;
  /** Workloads whose pods never end. */
  readonly stuck: Set<string>;
  /** `PATCH deployments/api 0`, in order. */
  readonly patches: readonly string[];
  /** Called before a request is answered; what it returns is the status of the answer, which then fails. */
  before: (request: string) => Promise<number | void> | number | void;
  readonly stop: () => Promise<void>;
}

const account = 'system:serviceaccount:grill-stats:backup-restore';

const scale = (name: string, namespace: string, replicas: number, pods: number) => ({
  kind: 'Scale',
  apiVersion: 'autoscaling/v1',
  metadata: { name, namespace, uid: '9b28ed16-2242-4115-b67d-762bce862cb9', resourceVersion: '212' },
  spec: { ...(replicas && { replicas }) },
  status: { replicas: pods, selector: `app=${name}` },
});

const failed = (code: number, reason: string, message: string) => ({
  code,
  document: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code },
});

const forbidden = (subject: string, verb: string, resource: string, group: string, namespace: string) =>
  failed(
    403,
    'Forbidden',
    `${subject} is forbidden: User "${account}" cannot ${verb} resource "${resource}" in API group "${group}" in the namespace "${namespace}"`,
  );

const scalePath = /^\/apis\/apps\/v1\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)\/scale$/;
const podsPath = /^\/api\/v1\/namespaces\/([^/]+)\/pods$/;

/** Starts it with workloads of namespace grill-stats; `granted` ones may be scaled. Their pods end one look later. */
export const startKubeApi = async (
  workloads: Readonly<Record<string, number>>,
  granted: readonly string[] = Object.keys(workloads),
): Promise<TestKubeApi> => {
  const folder = workFolder('kube-api');
  const token = 'token-of-the-service-account';
  writeFileSync(join(folder, 'token'), `${token}\n`);
  writeFileSync(join(folder, 'namespace'), 'grill-stats');
  const tls = await selfSigned(folder);
  const replicas: Record<string, number> = { ...workloads };
  const ending = new Set<string>();
  const patches: string[] = [];

  const onScale = ([, namespace, resource, name]: RegExpExecArray, method: string, body: string) => {
    const key = `${resource}/${name}`;
    const subject = `${resource}.apps "${name}"`;
    if (!granted.includes(key) || namespace !== 'grill-stats')
      return forbidden(subject, method.toLowerCase(), `${resource}/scale`, 'apps', namespace!);
    if (replicas[key] === undefined) return failed(404, 'NotFound', `${subject} not found`);
    if (method === 'PATCH') {
      replicas[key] = (JSON.parse(body) as { spec: { replicas: number } }).spec.replicas;
      patches.push(`${key} ${replicas[key]}`);
      if (replicas[key] === 0) ending.add(key);
    }
    // a Deployment does not count pods that are about to end
    return { code: 200, document: scale(name!, namespace, replicas[key], replicas[key]) };
  };

  const onPods = ([, namespace]: RegExpExecArray, query: URLSearchParams) => {
    const app = query.get('labelSelector')!.replace('app=', '');
    const key = Object.keys(replicas).find((each) => each.endsWith(`/${app}`))!;
    const present = replicas[key]! > 0 || api.stuck.has(key) || ending.delete(key);
    const items = present ? [{ metadata: { name: `${app}-7d4b9c`, namespace } }] : null;
    return {
      code: 200,
      document: { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', items },
    };
  };

  const answer = async ({ method = '', url = '', headers }: IncomingMessage, body: string) => {
    const status = await api.before(`${method} ${url} ${body}`);
    if (status) return { code: status, document: {} };
    if (headers.authorization !== `Bearer ${token}`) return failed(401, 'Unauthorized', 'Unauthorized');
    if (method === 'PATCH' && headers['content-type'] !== 'application/merge-patch+json')
      return failed(415, 'UnsupportedMediaType', '415: Unsupported Media Type');
    const { pathname, searchParams } = new URL(url, 'https://kubernetes');
    const [scaled, pods] = [scalePath.exec(pathname), podsPath.exec(pathname)];
    if (scaled) return onScale(scaled, method, body);
    return pods ? onPods(pods, searchParams) : failed(404, 'NotFound', 'not found');
  };

  const server = createServer(tls, (request, response) => {
    void text(request)
      .then((body) => answer(request, body))
      .then(({ code, document }) => {
        response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(document));
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const api: TestKubeApi = {
    access: { host: '127.0.0.1', port, accountFolder: folder },
    env: {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(port),
      GRILL_BACKUP_SERVICE_ACCOUNT: folder,
    },
    replicas,
    patches,
    stuck: new Set(),
    before: () => {},
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await removeFolder(folder);
    },
  };
  return api;
};
