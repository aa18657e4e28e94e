import { setTimeout as sleep } from 'node:timers/promises';
import { readStopped, writeStopped, type StoppedService } from './stopped-services.ts';
import { openCluster, type Cluster } from '../cluster/api.ts';
import type { Service } from '../cluster/config.ts';
import { nameOf, podsOf, setReplicas } from '../cluster/scale.ts';
import { BackupError } from '../core/errors.ts';
import { throwIfStopped } from '../core/stopped.ts';
import { formatSeconds } from '../core/units.ts';
import type { App } from '../session/app.ts';
import { lockServices, startAll } from './start-services.ts';
import { stateOf } from './service-state.ts';

export interface StopTiming {
  readonly pollMs: number;
  /** Longest wait for the pods of one service to end. */
  readonly waitMs: number;
}

/** Ten times the usual grace period of a pod. */
const stopTiming: StopTiming = { pollMs: 1000, waitMs: 300_000 };

/** Written down before it is done: a run that is killed in between leaves what its successor needs. */
const stop = async ({ run, stores, keys }: App, cluster: Cluster, service: StoppedService): Promise<void> => {
  await writeStopped(stores.primary, keys, service);
  await setReplicas(cluster, service, 0);
  run.log.info({ service: nameOf(service), replicas: service.replicas }, 'stopped a service');
};

const untilGone = async (
  { run }: App,
  cluster: Cluster,
  service: Service,
  { pollMs, waitMs }: StopTiming,
): Promise<void> => {
  for (const end = performance.now() + waitMs; ;) {
    throwIfStopped(run);
    const pods = await podsOf(cluster, service);
    if (pods.length === 0) return;
    if (performance.now() >= end)
      throw new BackupError(
        'service.running',
        `${nameOf(service)} has not stopped within ${formatSeconds(waitMs / 1000)}: ${pods.slice(0, 3).join(', ')}`,
      );
    await sleep(pollMs, undefined, { signal: run.signal }).catch(() => {});
  }
};

const stopAll = async (
  app: App,
  cluster: Cluster,
  services: readonly Service[],
  begun: StoppedService[],
  timing: StopTiming,
): Promise<void> => {
  const killed = await readStopped(app.stores.primary, app.keys);
  for (const service of services) {
    throwIfStopped(app.run);
    const state = await stateOf(cluster, service, killed);
    if (state.replicas === 0) continue; // somebody else's wish
    const stopped: StoppedService = { format: 1, ...state, stoppedAt: app.run.now().toISOString() };
    begun.push(stopped);
    await stop(app, cluster, stopped);
  }
  for (const service of services) await untilGone(app, cluster, service, timing);
};

/**
 * Works while services are scaled to 0, and gives each its replicas back, whatever became of the work.
 * @returns with the result, the services that could not be started again
 * @throws what `work` throws; BackupError `cluster.*`, `service.*`, `lock.held`
 */
export const whileStopped = async <T>(
  app: App,
  services: readonly Service[],
  work: (app: App) => Promise<T>,
  timing: StopTiming = stopTiming,
): Promise<{ readonly result: T; readonly down: readonly string[] }> => {
  const down: string[] = [];
  if (services.length === 0) return { result: await work(app), down };
  const cluster = await openCluster(app.run.cluster);
  const lock = await lockServices(app, 'restore');
  const signal = AbortSignal.any([app.run.signal, lock.lost]);
  const inner = { ...app, run: { ...app.run, signal } };
  const begun: StoppedService[] = [];
  try {
    await stopAll(inner, cluster, services, begun, timing);
    return { result: await work(inner), down };
  } finally {
    down.push(...(await startAll(app, cluster, begun)));
    await lock.release();
  }
};
