import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { App } from '../../runtime/src/session/app.ts';
import { backup } from '../../runtime/src/commands/backup/backup.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import { pushedMetrics } from '../../runtime/src/contract/metrics.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { redisTarget, testApp } from '../kit/app.ts';
import { freePort } from '../kit/private-server.ts';
import { startPushgateway } from '../kit/prometheus.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

let redis: TestRedis;
let gateway: Awaited<ReturnType<typeof startPushgateway>>;
let stores: StoreFixture;
let app: App;
const log: string[] = [];

const appWith = async (url: string): Promise<App> =>
  testApp({
    stores: { primary: await stores.open(), replicas: [] },
    targets: [redisTarget(redis)],
    plan: { pushgateway: { url } },
    run: { log: pino({ level: 'warn' }, { write: (line: string) => void log.push(line) }) },
  });

beforeAll(async () => {
  [redis, gateway, stores] = await Promise.all([
    startRedis({ password: 'secret' }),
    startPushgateway(),
    startDirectory(),
  ]);
  await redis.cli('SET', 'a', 'value');
  app = await appWith(gateway.url);
}, 60_000);

afterAll(() => Promise.all([redis.stop(), gateway.stop(), stores.stop()]));

/** Values of the product's own metrics in the gateway: `name command` → value. */
const pushed = async (): Promise<ReadonlyMap<string, number>> => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const lines = text.matchAll(
    /^(grill_backup_\w+)\{command="(\w+)",environment="test",instance="",job="grill-backup",target="redis"\} (\S+)$/gm,
  );
  return new Map([...lines].map(([, name, command, value]) => [`${name} ${command}`, Number(value)]));
};

test('every run pushes its metrics, in a group of its command', async () => {
  const { archiveBytes, sourceBytes } = await backup(app, 'redis');
  const found = await pushed();
  expect([...found.keys()].toSorted()).toEqual(
    Object.values(pushedMetrics)
      .map(({ name }) => `${name} backup`)
      .toSorted(),
  );
  expect(found.get('grill_backup_job_success backup')).toBe(1);
  expect(found.get('grill_backup_job_archive_bytes backup')).toBe(archiveBytes);
  expect(found.get('grill_backup_job_source_bytes backup')).toBe(sourceBytes);
  await verify(app, { level: 'drill', target: 'redis', last: 1 });
  expect((await pushed()).get('grill_backup_job_success drill')).toBe(1);
  expect((await pushed()).get('grill_backup_job_success backup')).toBe(1);
}, 60_000);

test('a run that fails leaves the time of the last success', async () => {
  const before = await pushed();
  const readSecret = () => Promise.resolve('wrong');
  await expect(backup({ ...app, run: { ...app.run, readSecret } }, 'redis')).rejects.toThrow();
  const after = await pushed();
  expect(after.get('grill_backup_job_success backup')).toBe(0);
  expect(after.get('grill_backup_job_exit_code backup')).toBe(3);
  const succeeded = 'grill_backup_job_last_success_timestamp_seconds backup';
  expect(after.get(succeeded)).toBe(before.get(succeeded));
});

test('a gateway that is away, or refuses, fails nothing and is a warning', async () => {
  const away = await appWith(`http://127.0.0.1:${await freePort()}`);
  expect((await backup(away, 'redis')).archive).toMatch(/^redis\/redis_/);
  expect(log.join('')).toContain('metrics could not be pushed');
  log.length = 0;
  const refusing = await appWith(`${gateway.url}/nowhere`);
  await backup(refusing, 'redis');
  expect(log.join('')).toContain('the gateway answered 404');
}, 60_000);
