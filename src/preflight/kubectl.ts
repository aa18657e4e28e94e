import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { BackupError } from '../../runtime/src/core/errors.ts';
import type { Keyed } from './api.ts';
import type { Cluster, Found, Request } from './cluster.ts';

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** kubectl knows every way to authenticate; a client of our own would know some. */
const kubectl = async (args: readonly string[], input = ''): Promise<Ended> => {
  const child = spawn('kubectl', args);
  const missing = once(child, 'error').then(([error]) => {
    throw new BackupError('usage.invalid', `kubectl cannot be run: ${(error as Error).message}`);
  });
  child.stdin.on('error', () => {}); // EPIPE: the exit code tells why
  child.stdin.end(input);
  const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  const [closed, stdout, stderr] = await Promise.race([ended, missing]);
  return { code: closed[0] as number, stdout, stderr };
};

const failed = ({ stderr }: Ended): BackupError =>
  new BackupError('usage.invalid', `kubectl: ${stderr.trim().replaceAll(/\s+/g, ' ')}`);

/** Names of a Secret's keys are all that is looked at. */
const withoutValues = (object: Keyed): Keyed =>
  object.kind === 'Secret'
    ? { ...object, data: Object.fromEntries(Object.keys(object.data ?? {}).map((key) => [key, ''])) }
    : object;

const get = async <T>(options: readonly string[], path: string): Promise<Found<T>> => {
  const ended = await kubectl([...options, 'get', '--raw', path]);
  if (ended.code === 0) return withoutValues(JSON.parse(ended.stdout) as Keyed) as T;
  if (/\(NotFound\)|could not find the requested resource/.test(ended.stderr)) return null;
  if (/\(Forbidden\)|is forbidden/.test(ended.stderr)) return undefined;
  throw failed(ended);
};

const reviewOf = ({ resource, ...request }: Request) => {
  const [kind, ...rest] = resource.split('/'); // the key of an extra field has a slash of its own
  const subresource = rest.join('/') || undefined;
  return {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { ...request, resource: kind, subresource } },
  };
};

/** One call for all of them: kubectl answers in their order. */
const may = async (options: readonly string[], requests: readonly Request[]): Promise<readonly boolean[]> => {
  const items = requests.map(reviewOf);
  const ended = await kubectl(
    [...options, 'create', '-f', '-', '-o', 'jsonpath={.status.allowed}{"\\n"}'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items }),
  );
  if (ended.code !== 0) throw failed(ended);
  return ended.stdout
    .trimEnd()
    .split('\n')
    .map((answer) => answer === 'true');
};

/** The cluster that kubectl reaches under these options: `--context`, `--as`. */
export const kubectlCluster = (options: readonly string[]): Cluster => ({
  get: (path) => get(options, path),
  may: (requests) => may(options, requests),
});
