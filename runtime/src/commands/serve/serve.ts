import { metricsPort } from '../../contract/metrics.ts';
import { servingMetrics } from '../../metrics/server.ts';
import type { App } from '../../session/app.ts';
import { readingPauseMs } from '../../health/state.ts';
import { keepFresh, type Snapshot } from './refresh.ts';

export interface ServeOptions {
  /** @default 9187 - where the Service of the manifests expects it */
  readonly port?: number | undefined;
  /** @default 60 s - the interval of the ServiceMonitor */
  readonly pauseMs?: number;
}

const unready = ({ samples, failed = false }: Snapshot): string | undefined => {
  if (samples) return undefined;
  return failed ? 'the stores could not be read: the log says why' : 'the stores were not read yet';
};

/**
 * Serves `/metrics`, `/healthz` and `/readyz` until the run is stopped; a scrape under way is answered to its end. Answers
 * come out of the snapshot alone: a scrape never touches a store.
 */
export const serve = async (app: App, options: ServeOptions = {}): Promise<void> => {
  const { port = metricsPort, pauseMs = readingPauseMs } = options;
  const { log, signal } = app.run;
  const snapshot: Snapshot = {};
  const scraped = {
    environment: app.plan.environment,
    samples: () => snapshot.samples,
    unready: () => unready(snapshot),
  };
  await servingMetrics(port, scraped, async () => {
    log.info({ port }, 'serving metrics');
    await keepFresh(app, snapshot, pauseMs);
  });
  log.info({ reason: String((signal.reason as Error | undefined)?.message) }, 'stopped serving metrics');
};
