import { BackupError } from '../../runtime/src/core/errors.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { synthesize, type KubernetesObject } from '../constructs/backup-system.ts';
import type { Environment } from '../environment/environment.ts';
import type {
  Claim,
  DaemonSet,
  EndpointSlice,
  Keyed,
  List,
  Namespace,
  Pod,
  ResourceList,
  Service,
  StorageClass,
  Version,
  Volume,
} from './api.ts';
import { itemsOf, type Cluster, type Found, type Request } from './cluster.ts';
import { mountedBy, type Mounted } from './mounted.ts';
import { requestsOf } from './requests.ts';

/** All that the checks look at, read once. */
export interface Facts {
  readonly environment: Environment;
  readonly objects: readonly KubernetesObject[];
  /** Minor version of Kubernetes 1. */
  readonly minor: number;
  /** `v1 Secret`, `monitoring.coreos.com/v1 PrometheusRule`, of the groups that the manifests use. */
  readonly kinds: ReadonlySet<string>;
  readonly namespace: Found<Namespace>;
  readonly priorityClass: Found<object>;
  /** What pods mount or pull with, and the object of that name. */
  readonly mounted: readonly (Mounted & { readonly found: Found<Keyed> })[];
  readonly claim: Found<Claim>;
  readonly storageClasses: Found<List<StorageClass>>;
  readonly volumes: Found<List<Volume>>;
  readonly dnsPods: Found<List<Pod>>;
  readonly nodeLocalDns: Found<DaemonSet>;
  /** Target → what answers to its host. */
  readonly databases: readonly Database[];
  /** Where the API server is: EndpointSlices of Service `kubernetes`. */
  readonly apiServer: Found<List<EndpointSlice>>;
  readonly rights: readonly (Request & { readonly allowed: boolean })[];
}

export interface Database {
  readonly target: Environment['targets'][number];
  /** Of the connection. */
  readonly host: string;
  /** Undefined where the host is not the name of one. */
  readonly service: Found<Service>;
  readonly slices: Found<List<EndpointSlice>>;
  /** Pods that the Service selects; none without a selector. */
  readonly pods: readonly Pod[];
}

export const selector = (labels: Readonly<Record<string, string>>): string =>
  encodeURIComponent(
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );

const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

const kindsOf = async (
  { get }: Cluster,
  objects: readonly KubernetesObject[],
): Promise<ReadonlySet<string>> => {
  const versions = [...new Set(objects.map(({ apiVersion }) => apiVersion))];
  const lists = await Promise.all(
    versions.map(async (version) =>
      ((await get<ResourceList>(groupPath(version)))?.resources ?? []).map(
        ({ kind }) => `${version} ${kind}`,
      ),
    ),
  );
  return new Set(lists.flat());
};

/** Name and namespace of a Service, where a host is the name of one: `db`, `db.data`, `db.data.svc.cluster.local`. */
const serviceOf = (host: string, own: string): readonly [name: string, namespace: string] | undefined => {
  const [, name, namespace = own] = /^([a-z0-9-]+)(?:\.([a-z0-9-]+)(?:\.svc(?:\..+)?)?)?$/.exec(host) ?? [];
  return name === undefined ? undefined : [name, namespace];
};

const databaseOf = async (
  { get }: Cluster,
  own: string,
  target: Environment['targets'][number],
): Promise<Database> => {
  const { host } = target.connection as { readonly host: string };
  const found = serviceOf(host, own);
  if (!found) return { target, host, service: undefined, slices: undefined, pods: [] };
  const [name, namespace] = found;
  const service = await get<Service>(`/api/v1/namespaces/${namespace}/services/${name}`);
  const labels = service?.spec.selector;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector({ 'kubernetes.io/service-name': name })}`;
  return {
    target,
    host,
    service,
    slices: await get(slices),
    pods: labels
      ? itemsOf(
          await get<List<Pod>>(`/api/v1/namespaces/${namespace}/pods?labelSelector=${selector(labels)}`),
        )
      : [],
  };
};

const minorOf = (version: Found<Version>): number => {
  const minor = /\d+/.exec(version?.minor ?? '')?.[0];
  if (minor === undefined)
    throw new BackupError('cluster.failed', 'the API server does not report its version');
  return Number(minor);
};

/** Reads what the checks of an environment need. @throws BackupError */
export const readFacts = async (cluster: Cluster, environment: Environment): Promise<Facts> => {
  const { get } = cluster;
  const objects = synthesize(environment).flatMap(({ objects: each }) => each);
  const { name: namespace } = environment.namespace;
  const { dns } = environment.network;
  const requests = requestsOf(environment, objects);
  const allowed = await cluster.may(requests);
  const [mounted, databases] = await Promise.all([
    Promise.all(
      mountedBy(environment, objects).map(async (each) => ({ ...each, found: await get<Keyed>(each.path) })),
    ),
    Promise.all(environment.targets.map((target) => databaseOf(cluster, namespace, target))),
  ]);
  return {
    environment,
    objects,
    mounted,
    databases,
    rights: requests.map((request, index) => ({
      ...request,
      allowed: mustExist(allowed[index], 'answer to the request'),
    })),
    minor: minorOf(await get('/version')),
    kinds: await kindsOf(cluster, objects),
    namespace: await get(`/api/v1/namespaces/${namespace}`),
    priorityClass:
      environment.priorityClass === undefined
        ? undefined
        : await get(`/apis/scheduling.k8s.io/v1/priorityclasses/${environment.priorityClass}`),
    claim: await get(`/api/v1/namespaces/${namespace}/persistentvolumeclaims/${names.volumeClaim}`),
    storageClasses: await get('/apis/storage.k8s.io/v1/storageclasses'),
    volumes: await get('/api/v1/persistentvolumes'),
    dnsPods: dns.podLabels
      ? await get(
          `/api/v1/namespaces/${dns.namespace ?? namespace}/pods?labelSelector=${selector(dns.podLabels)}`,
        )
      : undefined,
    nodeLocalDns: await get('/apis/apps/v1/namespaces/kube-system/daemonsets/node-local-dns'),
    apiServer: await get(
      `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=${selector({ 'kubernetes.io/service-name': 'kubernetes' })}`,
    ),
  };
};
