import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { App } from '../../../../runtime/src/session/app.ts';
import { formatFor } from '../../../../runtime/src/metrics/exposition.ts';
import { replicate } from '../../../../runtime/src/archives/replicate.ts';
import { serve } from '../../../../runtime/src/commands/serve/serve.ts';
import { takeLock } from '../../../../runtime/src/runs/lock.ts';
import { metrics, type Metric } from '../../../../runtime/src/contract/metrics.ts';
import { BackupError } from '../../../../runtime/src/core/errors.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { startDirectory } from '../../../conformance/stores/directory.ts';
import type { StoreFixture } from '../../../conformance/stores/fixture.ts';
import { redisTarget, testApp } from '../../../kit/app.ts';
import { freePort } from '../../../kit/private-server.ts';
import { simulateBase, simulatePiece } from '../../../kit/simulated-log.ts';
import { simulateBackup, simulateVerification } from '../../../kit/simulated-runs.ts';
import { until } from '../../../kit/until.ts';

const hourMs = 3_600_000;
const hoursAgo = (hours: number): Date => new Date(Date.now() - hours * hourMs);

let fixture: StoreFixture;
let app: App;
let calls: string[];
let stop: AbortController;
let url: string;
let served: Promise<void>;

/** Every call of a store by its name; `held` holds listings back. */
const watched = (store: Store, held: () => Promise<unknown>): Store => ({
  ...store,
  get: (key, start) => {
    calls.push('get');
    return store.get(key, start);
  },
  list: async function* (...asked) {
    calls.push('list');
    await held();
    yield* store.list(...asked);
  },
});

const start = async (held: () => Promise<unknown> = () => Promise.resolve(), pauseMs = 60_000) => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const stores = { primary: watched(app.stores.primary, held), replicas: app.stores.replicas };
  served = serve({ ...app, stores, run: { ...app.run, signal: stop.signal } }, { port, pauseMs });
  await untilOk('/healthz');
};

const untilOk = (path: string): Promise<boolean> => until(async () => (await fetch(url + path)).ok);

beforeAll(async () => {
  fixture = await startDirectory();
});
afterAll(() => fixture.stop());
beforeEach(async () => {
  calls = [];
  stop = new AbortController();
  app = testApp({
    stores: { primary: await fixture.open(), replicas: [await fixture.open()] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    plan: { notifications: { enabled: true } },
  });
});

/** A target whose log is kept; the others have none of its metrics. */
const withLog = {
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: '127.0.0.1', database: 'postgres' },
  secret: { name: 'postgresql' },
  pointInTime: {},
};
afterEach(async () => {
  stop.abort();
  await served;
});

/** A history after which every metric has a value. */
const liveThrough = async (): Promise<void> => {
  app = testApp({
    stores: app.stores,
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 }), withLog],
    plan: { notifications: { enabled: true } },
  });
  await simulateBase(app, 'postgresql', hoursAgo(3), { start: 0n, end: 1000n });
  await simulatePiece(app, 'postgresql', { from: 0n, to: 2000n, at: hoursAgo(2) });
  for (const hours of [50, 26]) await simulateBackup(app, 'redis', { at: hoursAgo(hours) });
  await simulateVerification(app, 'redis', { at: hoursAgo(24), level: 'drill', instantSeconds: 40 });
  await replicate(app, 'redis', app.stores.replicas[0]!);
  await takeLock(app.run, app.stores.primary, 'redis', 'backup').then(({ release: _ }) => undefined);
};

/** `name → label names` of the series in a text. */
const seriesIn = (text: string): ReadonlyMap<string, string> =>
  new Map(
    [...text.matchAll(/^(\w+)\{(.*?)\} \S+$/gm)].map(([, name, labels]) => [
      name!,
      [...labels!.matchAll(/(\w+)="/g)].map(([, label]) => label).toSorted().join(' '),
    ]),
  ); // prettier-ignore

describe('serve', () => {
  test('publishes every metric of the contract with its labels, its help, and names by the conventions', async () => {
    await liveThrough();
    await start();
    await untilOk('/readyz');
    const text = await (await fetch(`${url}/metrics`)).text();
    const expected = Object.values<Metric>(metrics).map(
      ({ name, labels }) => [name, [...labels, 'environment'].toSorted().join(' ')] as const,
    );
    expect(seriesIn(text)).toEqual(new Map(expected));
    for (const { name, help } of Object.values<Metric>(metrics))
      expect(text).toContain(`# HELP ${name} ${help}\n`);
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('answers in the format that is asked for', async () => {
    await start();
    await untilOk('/readyz');
    const get = (accept: string) => fetch(`${url}/metrics`, { headers: { accept } });
    const open = await get(
      'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    );
    expect(open.headers.get('content-type')).toMatch(/^application\/openmetrics-text; version=1\.0\.0/);
    expect(await open.text()).toMatch(/\n# EOF\n$/);
    const plain = await get('text/plain');
    expect(plain.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await plain.text()).not.toContain('# EOF');
    expect(formatFor('text/plain,application/openmetrics-text;q=0.5')).toBe('prometheus');
    expect(formatFor()).toBe('prometheus');
  });

  test('does not call a store for a scrape', async () => {
    await liveThrough();
    await start();
    await untilOk('/readyz');
    const before = calls.length;
    expect(before).toBeGreaterThan(0);
    for (let scrape = 0; scrape < 20; scrape++) await (await fetch(`${url}/metrics`)).text();
    expect(calls.length).toBe(before);
  });

  test('is alive but not ready while a slow store is read for the first time, and reads it once at a time', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    await start(() => held, 1);
    for (let scrape = 0; scrape < 5; scrape++) expect((await fetch(`${url}/metrics`)).status).toBe(503);
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    expect(calls).toEqual(['list', 'list', 'list']); // archives, runs and lock of its target: one reading
    release();
    await untilOk('/readyz');
  });

  test('is not ready while the first reading fails, says so, and is ready once one succeeds', async () => {
    let away = true;
    await start(
      () =>
        away ? Promise.reject(new BackupError('store.unreachable', 'no connection')) : Promise.resolve(),
      1,
    );
    await until(async () => (await (await fetch(`${url}/readyz`)).text()).includes('could not be read'));
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    away = false;
    await untilOk('/readyz');
  });

  test('keeps its numbers while a store is away, and shows how old they are', async () => {
    let away = false;
    const failing = () =>
      away ? Promise.reject(new BackupError('store.unreachable', 'no connection')) : Promise.resolve();
    const listings = () => calls.filter((name) => name === 'list').length;
    const anotherListing = async () => {
      const before = listings();
      await until(() => listings() > before);
    };
    await start(failing, 1);
    await untilOk('/readyz');
    away = true;
    const read = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return Number(/catalog_refresh_timestamp_seconds\{.*\} (\S+)/.exec(text)![1]);
    };
    await anotherListing();
    const first = await read();
    await anotherListing();
    expect(await read()).toBe(first);
    away = false;
    await until(async () => (await read()) !== first);
    expect(await read()).toBeGreaterThan(first);
  });

  test('knows its paths and methods, and ends when it is stopped', async () => {
    await start();
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/healthz`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${url}/healthz`, { method: 'HEAD' })).status).toBe(200);
    stop.abort();
    await served;
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});
