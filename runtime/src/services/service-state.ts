import { z } from 'zod';
import { readStopped, type StoppedService } from './stopped-services.ts';
import { openCluster, type Cluster } from '../cluster/api.ts';
import { serviceKinds, type Service } from '../cluster/config.ts';
import { nameOf, podsOf, readReplicas } from '../cluster/scale.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';

/** A service and the replicas that it has, or had before a restore that was killed. */
export const serviceStateSchema = z.strictObject({
  kind: z.enum(serviceKinds).describe('kind of the workload'),
  namespace: z.string().describe('its namespace'),
  name: z.string().describe('its name'),
  replicas: z.int().min(0).describe('replicas that it has, or had before a restore that was killed'),
});

export type ServiceState = z.output<typeof serviceStateSchema>;

const isSame = (a: Service, b: Service): boolean => nameOf(a) === nameOf(b);

/** Its replicas, or those that a killed restore wrote down before it stopped it. */
export const stateOf = async (
  cluster: Cluster,
  service: Service,
  killed: readonly StoppedService[],
): Promise<ServiceState> => {
  const { kind, namespace, name } = service;
  const replicas = await readReplicas(cluster, service);
  const before = killed.find((other) => isSame(other, service))?.replicas ?? 0;
  return { kind, namespace, name, replicas: replicas || before };
};

/** The services that the plan names for a target, as they are. @throws BackupError `cluster.*`, `service.unknown` */
export const servicesOf = async (app: App, { services = [] }: Target): Promise<readonly ServiceState[]> => {
  if (services.length === 0) return [];
  const cluster = await openCluster(app.run.cluster);
  const killed = await readStopped(app.stores.primary, app.keys);
  const states: ServiceState[] = [];
  for (const { namespace = cluster.namespace, ...service } of services) {
    states.push(await stateOf(cluster, { ...service, namespace }, killed));
    await podsOf(cluster, { ...service, namespace }); // a right that is missing shows before anything is stopped
  }
  return states;
};
