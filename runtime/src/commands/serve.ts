import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Gauge, Registry } from 'prom-client';
import { readCatalog, type Archive } from '../catalog/catalog.ts';
import { tiers } from '../catalog/layout.ts';
import { metrics, metricsPaths, metricsPort, type Metric } from '../contract/metrics.ts';
import { messageOf } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from './app.ts';
import { anomaliesOf } from './warnings.ts';

type Gauges = { readonly [Name in keyof typeof metrics]: Gauge };

const openGauges = (registry: Registry): Gauges =>
  Object.fromEntries(
    Object.entries<Metric>(metrics).map(([id, { name, help, labels }]) => [
      id,
      new Gauge({ name, help, labelNames: [...labels], registers: [registry] }),
    ]),
  ) as Gauges;

const seconds = (iso: string): number => Date.parse(iso) / 1000;

const measureNewest = (gauges: Gauges, target: string, archives: readonly Archive[]): void => {
  const manifests = archives.map(({ signed }) => signed.manifest).filter(({ tier }) => tier !== 'safety');
  const newest = manifests.at(-1);
  if (!newest) return;
  gauges.lastSuccess.set({ target }, seconds(newest.finishedAt));
  gauges.duration.set({ target }, seconds(newest.finishedAt) - seconds(newest.startedAt));
  gauges.sourceBytes.set({ target }, newest.sourceBytes);
  gauges.archiveBytes.set({ target }, newest.archiveBytes);
  const verified = manifests.flatMap(({ verifications }) =>
    verifications.filter(({ ok }) => ok).map(({ at }) => seconds(at)),
  );
  if (verified.length > 0) gauges.lastVerified.set({ target }, Math.max(...verified));
};

const measureTarget = async (app: App, gauges: Gauges, target: Target): Promise<void> => {
  const { archives } = await readCatalog(app.stores.primary, target.name);
  gauges.rpo.set({ target: target.name }, parseDuration(target.rpo));
  for (const tier of tiers)
    gauges.archives.set(
      { target: target.name, tier },
      archives.filter(({ signed }) => signed.manifest.tier === tier).length,
    );
  measureNewest(gauges, target.name, archives);
  const manifests = archives.map(({ signed }) => signed.manifest);
  gauges.anomalies.set({ target: target.name }, anomaliesOf(app, target, manifests).length);
};

/** Metrics of the plan's targets as text, read from the primary store. */
export const collectMetrics = async (app: App): Promise<string> => {
  const registry = new Registry();
  const gauges = openGauges(registry);
  for (const target of app.plan.targets) await measureTarget(app, gauges, target);
  const space = await app.stores.primary.space();
  if (space) gauges.storeFreeBytes.set({ store: app.stores.primary.location }, space.freeBytes);
  return registry.metrics();
};

const answer = async (app: App, path: string | undefined, response: ServerResponse): Promise<void> => {
  if (path === metricsPaths.health) return void response.end('ok\n');
  if (path !== metricsPaths.metrics) return void response.writeHead(404).end('not found\n');
  try {
    const text = await collectMetrics(app);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text);
  } catch (error) {
    app.run.log.error({ problem: messageOf(error) }, 'metrics could not be collected');
    response.writeHead(503).end('metrics could not be collected\n');
  }
};

/** Serves `/metrics` and `/healthz` until the run is stopped. */
export const serve = async (app: App): Promise<void> => {
  const server = createServer((request, response) => void answer(app, request.url, response));
  server.listen(metricsPort);
  await once(server, 'listening');
  app.run.log.info({ port: metricsPort }, 'serving metrics');
  if (!app.run.signal.aborted) await once(app.run.signal, 'abort');
  server.closeAllConnections();
  server.close();
};
