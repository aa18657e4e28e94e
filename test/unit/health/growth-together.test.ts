import { expect, test } from '@jest/globals';
import { growthKey } from '../../../runtime/src/archives/layout.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { openKey } from '../../../runtime/src/crypto/key-ring.ts';
import { archivesStateReader } from '../../../runtime/src/health/archives-state.ts';
import { readGrowth, recentGrowth } from '../../../runtime/src/health/growth-together.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp, testKeys } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { noting } from '../../kit/indexes.ts';
import { plantGenuine } from '../../kit/planted.ts';
import { collect, streamOf } from '../../kit/streams.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const begin = Date.now();

/** Of so many targets, which share a server that nobody asks. */
const appOf = (targets: number, over: Store = store): App => ({
  ...testApp({
    stores: { primary: over, replicas: [] },
    targets: Array.from({ length: targets }, (_, index) => ({
      ...redisTarget({ host: '127.0.0.1', port: 1 }),
      name: `t${index}`,
    })),
  }),
  keys: testKeys,
});

const at = (app: App, days: number): App => ({
  ...app,
  run: { ...app.run, now: () => new Date(begin + days * dayMs) },
});

const backUp = async (target: string, daysAgo: number, archiveBytes: number): Promise<void> => {
  const id = Buffer.from(target.padEnd(16)).toString('hex');
  const time = new Date(begin - daysAgo * dayMs);
  await plantGenuine(store, { at: time, tier: 'daily', target, id, archiveBytes });
};

const recent = (app: App) => recentGrowth(app, archivesStateReader(app));
const found = (app: App) => readGrowth(app, archivesStateReader(app));

/** Manifests that were read while the growth was asked for. */
const manifestsRead = async (app: (over: Store) => App): Promise<number> => {
  const gets: string[] = [];
  await recent(app(noting(store, gets)));
  return gets.filter((key) => key.endsWith('.manifest.json')).length;
};

const many = 9;

const backUpAll = async (): Promise<void> => {
  for (let index = 0; index < many; index++) await backUp(`t${index}`, 1.5, 1000 + index);
};

test('one run of a day reads every target, and the others what it found', async () => {
  await backUpAll();
  const counts: number[] = [];
  for (const day of [0, 0.1, 0.9, 1.1, 1.2])
    counts.push(await manifestsRead((over) => at(appOf(many, over), day)));
  expect(counts).toEqual([many, 0, 0, many, 0]);
});

test('what was kept is what was found', async () => {
  await backUpAll();
  const wanted = await found(appOf(many));
  expect(wanted.at(-1)).toBeGreaterThan(0);
  await backUp('t3', 0.5, 1e9);
  expect(await recent(appOf(many))).toEqual(wanted);
  expect((await found(appOf(many))).at(-1)).toBeGreaterThan(1e9);
});

test('of a few targets nothing is kept', async () => {
  await backUp('t0', 1, 1000);
  await recent(appOf(3));
  expect(await store.head(growthKey)).toBeUndefined();
});

/** Who else might have kept a growth. */
const others: Readonly<Record<string, (app: App) => App>> = {
  'another plan': (app) => ({ ...app, plan: { ...app.plan, retention: { ...app.plan.retention, days: 3 } } }),
  'another environment': (app) => ({ ...app, plan: { ...app.plan, environment: 'prod' } }),
  'a stranger': (app) => ({ ...app, keys: [openKey('primary', 'the passphrase of a stranger')] }),
  'the future': (app) => at(app, 0.5),
};

test('a growth that is cut or altered does not count, nor one of another place, key or time', async () => {
  await backUpAll();
  await found(appOf(many));
  const kept = Buffer.concat([await collect(store.get(growthKey))]);
  const altered = Buffer.from(kept);
  altered[100]! ^= 1;
  for (const bytes of [kept.subarray(0, 90), altered, Buffer.alloc(0)]) {
    await store.put(growthKey, streamOf(bytes), { replace: true });
    expect(await manifestsRead((over) => appOf(many, over))).toBe(many);
  }
  for (const [name, other] of Object.entries(others)) {
    await found(other(appOf(many)));
    expect([name, await manifestsRead((over) => at(appOf(many, over), 0))]).toEqual([name, many]);
  }
});
