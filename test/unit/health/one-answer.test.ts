import { expect, test } from '@jest/globals';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { answersOf } from '../../kit/answers.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { plantGenuine, plants, type Claims } from '../../kit/planted.ts';
import { simulateBackup, simulateVerification } from '../../kit/simulated-runs.ts';

const now = Date.parse('2024-03-10T12:00:00Z');
const hours = 1 / 24;
const ago = (days: number): Date => new Date(now - days * dayMs);
const seconds = (time: Date): number => time.getTime() / 1000;

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const app = () =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 }, { rpo: '24h', rto: '10m' })],
    run: { now: () => new Date(now) },
  });

const archive = (daysAgo: number): Claims => ({
  at: ago(daysAgo),
  tier: 'daily',
  id: String(Math.round(daysAgo * 100)).padStart(32, '0'),
});

test('where the newest manifest was altered, all go by the archive before it', async () => {
  await plantGenuine(store, archive(3));
  await plants['was altered']!(store, archive(12 * hours));
  const { status, scrape } = await answersOf(app());
  expect(status).toMatchObject({
    archives: 1,
    ageSeconds: 3 * 86_400,
    startedAt: ago(3).toISOString(),
    withinRpo: false,
    setAside: [{ code: 'manifest.damaged' }],
  });
  expect(scrape).toMatchObject({
    'archives daily': 1,
    'recoveryPoint': seconds(ago(3)),
    'broken': 1,
    'withoutKey': 0,
  }); // prettier-ignore
});

test('a drill that could not run is the last drill, and did not succeed', async () => {
  await simulateBackup(app(), 'redis', { at: ago(3) });
  await simulateVerification(app(), 'redis', { at: ago(2), level: 'drill', seconds: 42 });
  await simulateVerification(app(), 'redis', { at: ago(1), level: 'drill', failure: 'drill.unavailable', remember: false }); // prettier-ignore
  const { status, scrape } = await answersOf(app());
  const end = seconds(ago(1)) + 30;
  expect(status.lastDrill).toEqual({ at: new Date(end * 1000).toISOString(), ok: false, withinRto: false });
  expect(scrape).toMatchObject({ lastDrillOk: 0, lastDrillAt: end, measuredRto: 42 });
});

test.each([
  ['succeeded', undefined, { ok: true }],
  ['failed', 'source.refused', { ok: false, failure: 'source.refused' }],
] as const)('a backup that met a lock leaves the last run one that %s', async (_, failure, lastRun) => {
  await simulateBackup(app(), 'redis', { at: ago(2) });
  await simulateBackup(app(), 'redis', { at: ago(1), ...(failure && { failure }) });
  await simulateBackup(app(), 'redis', { at: ago(0.9), failure: 'lock.held' });
  const { status, scrape } = await answersOf(app());
  expect(status.lastRuns).toMatchObject([{ command: 'backup', startedAt: ago(1).toISOString(), ...lastRun }]);
  expect(scrape).toMatchObject({
    'lastRunAt backup': seconds(ago(1)) + 60,
    'lastRunOk backup': Number(lastRun.ok),
    'retentionFrozen': Number(!lastRun.ok),
  }); // prettier-ignore
});

test('a manifest dated in the future is set aside, and ages stay those of the past', async () => {
  await plantGenuine(store, archive(3));
  await plants['in the future']!(store, archive(0));
  const { status, scrape } = await answersOf(app());
  expect(status).toMatchObject({
    archives: 1,
    ageSeconds: 3 * 86_400,
    withinRpo: false,
    setAside: [{ code: 'archive.future' }],
  });
  expect(scrape).toMatchObject({ 'archives daily': 1, recoveryPoint: seconds(ago(3)), broken: 1 });
});

test('what was of the future counts as soon as it is past, also for who read it before', async () => {
  let clock = now;
  const moving = testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { now: () => new Date(clock) },
  });
  await simulateBackup(moving, 'redis', { at: ago(-1) });
  const read = stateReader(moving);
  expect((await answersOf(moving, read)).scrape).not.toHaveProperty('lastRunAt backup');
  clock += 2 * dayMs;
  const { status, scrape } = await answersOf(moving, read);
  expect(status).toMatchObject({ archives: 1, lastRuns: [{ ok: true }] });
  expect(scrape).toMatchObject({ 'archives daily': 1, 'broken': 0, 'lastRunOk backup': 1 }); // prettier-ignore
});

test('a backup that failed for want of space freezes nothing: retention is the way out', async () => {
  await simulateBackup(app(), 'redis', { at: ago(2) });
  await simulateBackup(app(), 'redis', { at: ago(1), failure: 'store.full' });
  const { scrape } = await answersOf(app());
  expect(scrape).toMatchObject({ 'lastRunOk backup': 0, 'retentionFrozen': 0 }); // prettier-ignore
});

test('a time that is ahead by less than clocks may differ makes no age below zero', async () => {
  await plantGenuine(store, { ...archive(0), at: new Date(now + 200_000) });
  expect((await answersOf(app())).status).toMatchObject({ archives: 1, ageSeconds: 0, withinRpo: true });
});
