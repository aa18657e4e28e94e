import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { shownEntrySchema } from '../../../runtime/src/commands/audit/result.ts';
import { checkedSchema } from '../../../runtime/src/commands/check/result.ts';
import { listSchema } from '../../../runtime/src/commands/list/result.ts';
import { statusSchema } from '../../../runtime/src/commands/status/result.ts';
import { status } from '../../../runtime/src/commands/status/status.ts';
import { appendAudit } from '../../../runtime/src/runs/audit.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { testApp, testKeys } from '../../kit/app.ts';
import { startConsoleCluster, type ConsoleCluster } from '../../kit/console-cluster.ts';
import { consoleTargets, startConsole, type TestConsole } from '../../kit/console.ts';
import { until } from '../../kit/until.ts';
import { plantGenuine, plants } from '../../kit/planted.ts';

let cluster: ConsoleCluster;
let web: TestConsole;
let primary: Store;
const directory = startDirectory();

const now = new Date('2026-11-29T12:00:00.000Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);
const id = (index: number) => String(index).padStart(32, '0');
const event = { at: now.toISOString(), host: 'pod', command: 'backup', target: 'redis', environment: 'test' };
const run = { now: () => now };

beforeAll(async () => {
  cluster = await startConsoleCluster('access');
  primary = await (await directory).open();
  for (const days of [1, 2, 3, 4])
    await plantGenuine(primary, { at: daysAgo(days), tier: 'daily', id: id(days), verified: days === 2 });
  await plantGenuine(primary, { at: daysAgo(9), tier: 'weekly', id: id(9) });
  const [plant] = Object.values(plants);
  await plant!(primary, { at: daysAgo(5), tier: 'daily', id: id(5) });
  for (const ok of [true, false, true]) await appendAudit(primary, testKeys, { ...event, ok, figures: {} });
  web = await startConsole({ stores: { primary, replicas: [] }, cluster, run });
});
afterAll(async () => {
  await web.stop();
  await cluster.stop();
  await (await directory).stop();
});

const read = async (path: string, person = 'oncall') => {
  const answer = await web.ask(`/api/v1${path}`, cluster.tokenOf(person));
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into any document
  return { status: answer.status, body: (await answer.json()) as any };
};

test('targets are what status --json says', async () => {
  const { body } = await read('/targets');
  const app = testApp({ stores: { primary, replicas: [] }, targets: consoleTargets, run });
  expect(statusSchema.parse(body.targets)).toEqual(await status(app));
  expect(body).toMatchObject({ asOf: now.toISOString(), ageSeconds: 0 });
  expect((await read('/targets/redis')).body.target).toEqual(body.targets[2]);
});

describe('archives', () => {
  test('come in pages, what does not count first, then newest first', async () => {
    const all = (await read('/targets/redis/archives')).body;
    expect(listSchema.parse(all.archives)).toHaveLength(6);
    expect(all.archives[0].problem).toBeDefined();
    expect(all.next).toBeUndefined();
    const pages: string[] = [];
    for (let after = ''; ;) {
      const { body } = await read(`/targets/redis/archives?limit=2${after && `&after=${after}`}`);
      pages.push(...body.archives.map(({ archive }: { archive: string }) => archive));
      if (!body.next) break;
      after = body.next;
    }
    expect(pages).toEqual(all.archives.map(({ archive }: { archive: string }) => archive));
  });

  test.each([
    ['tier=weekly', 1],
    ['verified=true', 1],
    ['verified=false&tier=daily', 3],
    ['after=redis/gone.tar.gz.enc', 0],
  ])('%s has %i', async (query, count) => {
    expect((await read(`/targets/redis/archives?${query}`)).body.archives).toHaveLength(count);
  });

  test('are shown one by one, with where the copies lie', async () => {
    const { body } = await read('/targets/redis/archives/redis_20261127_120000.tar.gz.enc');
    expect(body).toMatchObject({
      archive: 'redis/redis_20261127_120000.tar.gz.enc',
      manifest: { id: id(2), fingerprint: { 'db0 string': { keys: 7 } } },
      copies: [{ store: primary.location, present: true }],
    });
    expect(body.problem).toBeUndefined();
    expect((await read('/targets/redis/archives/redis_20200101_000000.tar.gz.enc')).status).toBe(404);
    expect((await read('/targets/redis/archives/..%2Faudit%2F0000000001.json')).status).toBe(400);
  });
});

test('the window has the starts of backups as points', async () => {
  const { body } = await read('/targets/redis/window');
  expect(body).toMatchObject({ windows: [], gaps: [] });
  expect(body.points).toEqual([9, 4, 3, 2, 1].map((days) => daysAgo(days).toISOString()));
});

test('runs and drills of a target that has none are empty', async () => {
  expect((await read('/targets/redis/runs')).body).toEqual({ runs: [] });
  expect((await read('/targets/redis/drills')).body).toMatchObject({ evidence: [] });
});

test('findings name what was set aside', async () => {
  const { findings } = (await read('/findings')).body;
  expect(findings.map((each: unknown) => checkedSchema.parse(each).target)).toEqual(['redis']);
});

test('the audit trail comes newest first, each entry proved and following the one before', async () => {
  const { body } = await read('/audit?limit=2');
  expect(body.entries.map((each: unknown) => shownEntrySchema.parse(each).sequence)).toEqual([3, 2]);
  expect(body).toMatchObject({ problems: [], next: 2 });
  const last = (await read('/audit?before=2')).body;
  expect([last.entries.length, last.entries[0].proof, last.next]).toEqual([1, 'proved', undefined]);
});

test('the audit trail is shown to its end where its alias is gone', async () => {
  const alias = join(primary.location, 'audit/latest_entry.json');
  renameSync(alias, `${alias}-gone`);
  expect((await read('/audit')).body.entries).toHaveLength(3);
  renameSync(`${alias}-gone`, alias);
});

test('what is of the whole system needs a right to the whole system', async () => {
  for (const path of ['/audit', '/plan', '/forecasts'])
    expect([path, (await read(path)).status, (await read(path, 'one-target')).status]).toEqual([
      path,
      200,
      403,
    ]);
});

test('the plan names Secrets, and shows no account of an address', async () => {
  const { body } = await read('/plan');
  expect(body.targets[0].secret.name).toBe('postgresql');
});

test('a request that the API does not describe is refused', async () => {
  for (const path of [
    '/targets/UPPER',
    '/targets/redis/archives?limit=0',
    '/targets/redis/archives?tier=no',
    '/audit?before=x',
  ])
    expect([path, (await read(path)).body.code]).toEqual([path, 'request.invalid']);
  expect((await read('/targets/elsewhere', 'oncall')).body.code).toBe('target.unknown');
});

test('the document describes every path that answers', async () => {
  const answer = await web.ask('/openapi.json', cluster.tokenOf('oncall'));
  const document = (await answer.json()) as { paths: object };
  expect(Object.keys(document.paths)).toContain('/targets/{target}/archives/{archive}');
  expect(JSON.stringify(document)).not.toContain('"shape"');
  expect(await (await web.ask('/docs', cluster.tokenOf('oncall'))).text()).toContain('GET /api/v1/targets');
});

test('a console that never read the store is ready to say so', async () => {
  const store = await (await directory).open();
  renameSync(store.location, `${store.location}-away`);
  const away = await startConsole({ stores: { primary: store, replicas: [] }, cluster });
  try {
    await until(async () => (await away.ask('/readyz')).ok);
    const answer = await away.ask('/api/v1/targets', cluster.tokenOf('oncall'));
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'state.unread' }]);
  } finally {
    await away.stop();
    renameSync(`${store.location}-away`, store.location);
  }
});

test('with the store away, page and API say so and how old their knowledge is', async () => {
  const before = (await read('/targets')).body;
  const folder = primary.location;
  renameSync(folder, `${folder}-away`);
  try {
    const { status: code, body } = await read('/targets');
    expect(code).toBe(200);
    expect(body.problem).toEqual(expect.any(String));
    expect(body.targets).toEqual(before.targets);
    const page = await (await web.ask('/', cluster.tokenOf('oncall'))).text();
    expect(page).toContain('The store is away');
    for (const path of ['/audit', '/targets/redis/archives/redis_20261127_120000.tar.gz.enc'])
      expect([path, await read(path)]).toEqual([
        path,
        { status: 503, body: expect.objectContaining({ code: 'store.refused' }) },
      ]);
  } finally {
    renameSync(`${folder}-away`, folder);
  }
});
