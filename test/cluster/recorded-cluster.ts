import type { Cluster, Found, Request } from '../../src/preflight/cluster.ts';

/** What a cluster answered to the preflight: GET path → answer, `null` or `hidden`. */
export interface ClusterAnswers {
  readonly gets: Readonly<Record<string, unknown>>;
  /** Requests that the authorizer denies. */
  readonly denied: readonly string[];
}

type Tree = { readonly [key: string]: unknown };

const noise = new Set([
  ...['managedFields', 'uid', 'resourceVersion', 'creationTimestamp', 'generation', 'generateName'],
  ...[
    'ownerReferences',
    'tolerations',
    'volumes',
    'volumeMounts',
    'kubectl.kubernetes.io/last-applied-configuration',
  ],
]);

/** Without what changes from day to day and no check reads. */
const trimmed = (value: unknown, key = ''): unknown => {
  if (Array.isArray(value)) return value.map((each) => trimmed(each, key));
  if (typeof value !== 'object' || value === null) return value;
  if (key === 'resources' && 'verbs' in value) return { kind: (value as Tree)['kind'] };
  const entries = Object.entries(value).filter(([name]) => !noise.has(name));
  if (key === 'status') return Object.fromEntries(entries.filter(([name]) => name === 'phase'));
  return Object.fromEntries(entries.map(([name, each]) => [name, trimmed(each, name)]));
};

const inWords = ({ verb, group, resource, namespace = '', name = '' }: Request): string =>
  [verb, group, resource, namespace, name].join(' ');

/** Asks a cluster and keeps its answers. */
export const recordingCluster = (cluster: Cluster) => {
  const gets: Record<string, unknown> = {};
  const denied: string[] = [];
  const recorder: Cluster = {
    get: async <T>(path: string): Promise<Found<T>> => {
      const answer = await cluster.get<T>(path);
      gets[path] = answer === undefined ? 'hidden' : trimmed(answer);
      return answer;
    },
    may: async (requests) => {
      const allowed = await cluster.may(requests);
      denied.push(...requests.filter((_, index) => !allowed[index]).map(inWords));
      return allowed;
    },
  };
  return { cluster: recorder, answers: (): ClusterAnswers => ({ gets, denied }) };
};

/** Answers as it was recorded. @throws Error for what was not asked then */
export const replayedCluster = ({ gets, denied }: ClusterAnswers): Cluster => ({
  get: <T>(path: string): Promise<Found<T>> => {
    if (!(path in gets))
      throw new Error(`${path} was not asked: KUBECONFIG=… npm run test:cluster, and commit`);
    return Promise.resolve(gets[path] === 'hidden' ? undefined : (gets[path] as T));
  },
  may: (requests) => Promise.resolve(requests.map((request) => !denied.includes(inWords(request)))),
});
