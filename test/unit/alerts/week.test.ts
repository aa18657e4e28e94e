import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { receiverSamples } from '../../../runtime/src/commands/receive/samples.ts';
import { samplesOf } from '../../../runtime/src/commands/serve/samples.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import { newState } from '../../../runtime/src/wal/receiver-state.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import {
  environmentLabel,
  metrics,
  receiverMetrics,
  type Metric,
} from '../../../runtime/src/contract/metrics.ts';
import type { Sample } from '../../../runtime/src/metrics/sample.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { alertGroups } from '../../../alerts/index.ts';
import { planOf } from '../../../src/environment/environment.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import type { StoreFixture } from '../../conformance/stores/fixture.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { environmentOf } from '../../kit/environments.ts';
import { startHttpServer, type TestHttpServer } from '../../kit/http-server.ts';
import { checkFired, stepMs } from '../../kit/promtool.ts';
import { runsOf, type Run } from './week/runs.ts';
import { kubernetesScrape, seriesName, valuesOf, type Scrape } from './week/samples.ts';

/** A Sunday, so that a drill is in the week, and the one before it in what came before. */
const start = new Date('2024-03-03T00:00:00Z');
const weekMs = 7 * 86_400_000;

let fixture: StoreFixture;
let listener: TestHttpServer;
beforeAll(async () => {
  fixture = await startDirectory();
  listener = await startHttpServer((response) => void response.end());
});
afterAll(async () => {
  await fixture.stop();
  await listener.stop();
});

const plan = planOf(environmentOf('prod'));

/** The app of production, over folders with room. */
const productionApp = async (clock: { now: Date }): Promise<App> => {
  const space = () => Promise.resolve({ freeBytes: 2 ** 40, totalBytes: 2 ** 41 });
  const primary: Store = { ...(await fixture.open()), space };
  const stores = { primary, replicas: [await fixture.open()] };
  const run = { now: () => clock.now, readSecret: () => Promise.resolve(listener.url) };
  return { ...testApp({ stores, run, targets: [redisTarget({ host: '127.0.0.1', port: 6379 })] }), plan };
};

const scrapeOf = (samples: readonly Sample[]): Scrape =>
  Object.fromEntries(
    samples.map(({ metric, labels, value }) => [
      seriesName(metric.name, { [environmentLabel]: plan.environment, ...labels }),
      value,
    ]),
  );

const exporterScrape = async (app: App, read: ReturnType<typeof stateReader>): Promise<Scrape> =>
  scrapeOf(samplesOf({ plan: app.plan, state: await read(), seconds: 0.1 }));

/** Of a receiver that stores an idle log, of a server that limits its slots. */
const receiverScrape = (now: Date): Scrape => {
  const slot = { name: 'grill_backup_prod_postgresql', status: 'active', safeBytes: 2n ** 34n } as const;
  const positions = { serverEnd: 4096n, stored: 4096n };
  const state = { ...newState(), ...positions, isConnected: true, slot };
  state.point.stored(4096n);
  state.point.see({ position: 4096n, at: now });
  return scrapeOf(receiverSamples('postgresql', state, now));
};

const timestamps = [
  ...Object.values<Metric>({ ...metrics, ...receiverMetrics }).filter(({ unit }) => unit === 'timestamp').map(({ name }) => name),
  ...['kube_cronjob_created', 'kube_cronjob_next_schedule_time', 'kube_cronjob_status_last_successful_time'],
  'kube_job_status_start_time',
]; // prettier-ignore

/** promtool's time begins at 0. */
const sinceStart = (scrape: Scrape): Scrape =>
  Object.fromEntries(
    Object.entries(scrape).map(([series, value]) => [
      series,
      timestamps.includes(series.split('{', 1)[0]!) ? value - start.getTime() / 1000 : value,
    ]),
  );

/** Scrapes of a week, as the exporter of the product answers them after each run that ended. */
const liveThrough = async (
  app: App,
  clock: { now: Date },
  runs: readonly Run[],
): Promise<readonly Scrape[]> => {
  const read = stateReader(app);
  const [waiting, scrapes]: [Run[], Scrape[]] = [[...runs], []];
  let exported: Scrape = {};
  for (let time = start.getTime(); time <= start.getTime() + weekMs; time += stepMs) {
    clock.now = new Date(time);
    const ended = waiting.splice(0, waiting.findIndex(({ end }) => end > clock.now) >>> 0);
    for (const { leave } of ended) await leave();
    if (ended.length > 0) exported = await exporterScrape(app, read);
    const refreshed = {
      [seriesName(metrics.refreshedAt.name, { [environmentLabel]: plan.environment })]: time / 1000,
    };
    scrapes.push(
      sinceStart({
        ...exported,
        ...refreshed,
        ...receiverScrape(clock.now),
        ...kubernetesScrape(plan, runs, clock.now),
      }),
    );
  }
  return scrapes;
};

test('no alert fires in a week in which every run succeeds', async () => {
  const clock = { now: start };
  const app = await productionApp(clock);
  const runs = runsOf(app, new Date(start.getTime() - weekMs), new Date(start.getTime() + weekMs));
  expect(runs.length).toBe(2 * (7 * 4 + 2));
  const scrapes = await liveThrough(app, clock, runs);
  const series = valuesOf(scrapes);
  expect(Object.keys(series).length).toBeGreaterThan(150);
  const groups = alertGroups({ namespace: 'grill-stats', team: 'platform', runbookUrl: 'https://runbook', grafanaUrl: 'https://grafana', plan }); // prettier-ignore
  await checkFired(groups, { series, at: '168h' }, []);
}, 240_000);
