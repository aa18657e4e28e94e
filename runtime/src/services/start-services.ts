import { takeLock, type HeldLock } from '../runs/lock.ts';
import { readStopped, servicesFolder, writeStopped, type StoppedService } from './stopped-services.ts';
import { openCluster, type Cluster } from '../cluster/api.ts';
import { nameOf, readReplicas, setReplicas } from '../cluster/scale.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import type { App } from '../session/app.ts';
import type { ServiceState } from './service-state.ts';

/** Never throws, and never heeds the signal to stop: services that stay down are worse than a run that ends late. */
const start = async (
  { run, stores, keys }: App,
  cluster: Cluster,
  service: StoppedService,
): Promise<boolean> => {
  const { replicas } = service;
  try {
    if ((await readReplicas(cluster, service)) === 0) await setReplicas(cluster, service, replicas);
    await writeStopped(stores.primary, keys, { ...service, startedAt: run.now().toISOString() });
    run.log.info({ service: nameOf(service), replicas }, 'started a service');
    return true;
  } catch (error) {
    run.log.error({ service: nameOf(service), replicas, problem: messageOf(error) }, 'a service stays down');
    return false;
  }
};

/** Gives services their replicas back, side by side. @returns those that could not be started, by name */
export const startAll = async (
  app: App,
  cluster: Cluster,
  services: readonly StoppedService[],
): Promise<readonly string[]> => {
  const started = await Promise.all(services.map((service) => start(app, cluster, service)));
  return services.filter((_, index) => !started[index]).map(nameOf);
};

/** One lock for all services, so that no two runs scale the same one. @throws BackupError `lock.held` */
export const lockServices = ({ run, stores }: App, command: string): Promise<HeldLock> =>
  takeLock(run, stores.primary, servicesFolder, command);

/** What `start-services` found and did. */
export interface StartedServices {
  readonly started: readonly ServiceState[];
  /** By name: those that could not be started. */
  readonly down: readonly string[];
}

const stateBefore = ({ kind, namespace, name, replicas }: StoppedService): ServiceState => {
  return { kind, namespace, name, replicas };
};

/** Gives the services that a killed restore left at 0 their replicas back. @throws BackupError `cluster.*`, `lock.held` */
export const startServices = async (app: App): Promise<StartedServices> => {
  const lock = await lockServices(app, 'start-services');
  try {
    const stopped = await readStopped(app.stores.primary, app.keys);
    if (stopped.length === 0) return { started: [], down: [] };
    const down = await startAll(app, await openCluster(app.run.cluster), stopped);
    const started = stopped.filter((service) => !down.includes(nameOf(service)));
    return { started: started.map(stateBefore), down };
  } finally {
    await lock.release();
  }
};

/** The failure `service.down` with the services that could not be started again; undefined where all run. */
export const downProblem = (down: readonly string[]): BackupError | undefined =>
  down.length === 0
    ? undefined
    : new BackupError('service.down', `could not be started again: ${down.join(', ')}`);
