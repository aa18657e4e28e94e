import { z } from 'zod';
import type { Cluster } from './api.ts';
import { resourceOf, type Service } from './config.ts';

/** `Scale` of API group autoscaling/v1; kube-apiserver 1.33 leaves numbers that are 0 out. */
const scaleSchema = z.object({
  spec: z.object({ replicas: z.int().default(0) }),
  status: z.object({ replicas: z.int().default(0), selector: z.string().min(1) }),
});

/** A list that is empty comes as `"items": null`. */
const podsSchema = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }) })).nullable(),
});

/** Names only: the rest of a pod is none of our business. */
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** Pods that ended by themselves, as evicted ones, stay listed and use nothing. */
const notEnded = 'status.phase!=Succeeded,status.phase!=Failed';

const scalePath = ({ kind, namespace, name }: Service): string =>
  `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/${resourceOf[kind]}/${encodeURIComponent(name)}/scale`;

/** For people: `Deployment grill-stats/api`. */
export const nameOf = ({ kind, namespace, name }: Service): string => `${kind} ${namespace}/${name}`;

/** Replicas that a service is to have. @throws as `Cluster.call` */
export const readReplicas = async ({ call }: Cluster, service: Service): Promise<number> =>
  scaleSchema.parse(await call({ method: 'GET', path: scalePath(service) })).spec.replicas;

/** Says how many replicas a service is to have, and does not wait for them. @throws as `Cluster.call` */
export const setReplicas = async ({ call }: Cluster, service: Service, replicas: number): Promise<void> => {
  await call({ method: 'PATCH', path: scalePath(service), body: { spec: { replicas } } });
};

/**
 * Names of pods that are still there, those included that are about to end: a Deployment no longer counts them, and they
 * go on writing until their grace period is over.
 * @throws as `Cluster.call`
 */
export const podsOf = async ({ call }: Cluster, service: Service): Promise<readonly string[]> => {
  const { status } = scaleSchema.parse(await call({ method: 'GET', path: scalePath(service) }));
  const query = new URLSearchParams({ labelSelector: status.selector, fieldSelector: notEnded });
  const path = `/api/v1/namespaces/${service.namespace}/pods?${query.toString()}`;
  const { items } = podsSchema.parse(await call({ method: 'GET', path, accept: metadataOnly }));
  const names = (items ?? []).map(({ metadata }) => metadata.name);
  return names.length === 0 && status.replicas > 0 ? [`${status.replicas} of ${service.name}`] : names;
};
