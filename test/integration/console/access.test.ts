import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { realCluster, startConsoleCluster, type ConsoleCluster } from '../../kit/console-cluster.ts';
import { startConsole, type TestConsole } from '../../kit/console.ts';

// Against answers of a real API server: `CONSOLE_CLUSTER` names the file that test/cluster/console.ts wrote, to record them anew.

let cluster: ConsoleCluster;
let web: TestConsole;
let primary: Store;
const directory = startDirectory();

beforeAll(async () => {
  cluster = await startConsoleCluster('access', realCluster());
  primary = await (await directory).open();
  web = await startConsole({ stores: { primary, replicas: [] }, cluster });
});
afterAll(async () => {
  await web.stop();
  await cluster.stop();
  await (await directory).stop();
});

const as = (person: string, path: string, more?: RequestInit) => web.ask(path, cluster.tokenOf(person), more);
const namesIn = async (answer: Response) =>
  ((await answer.json()) as { targets: { target: string }[] }).targets.map(({ target }) => target);

describe('who is asking', () => {
  test.each(['another-audience', 'expired', 'forged'])('a token that is %s is refused', async (person) => {
    const answer = await as(person, '/api/v1/targets');
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toMatchObject({
      type: 'urn:grill-backup:access.unknown',
      code: 'access.unknown',
    });
  });

  test.each([
    {},
    { authorization: 'Bearer' },
    { authorization: 'Basic b25jYWxsOng=' },
    { 'x-forwarded-user': 'oncall' },
  ])('nobody is known by %j', async (headers) => {
    const answer = await web.ask('/api/v1/targets', undefined, { headers });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(
      (await web.ask('/', undefined, { headers: { ...headers, accept: 'text/html' } })).headers.get(
        'location',
      ),
    ).toBe('/sign-in');
  });

  test('only health, readiness, the style and signing in need nobody', async () => {
    for (const path of ['/healthz', '/readyz', '/sign-in', '/assets/console.css'])
      expect([path, (await web.ask(path)).status]).toEqual([path, 200]);
    for (const path of ['/', '/docs', '/openapi.json', '/nowhere', '/api/v1/nowhere'])
      expect([path, (await web.ask(path)).status]).toEqual([path, 401]);
  });
});

describe('what RBAC lets them see', () => {
  test('people on call see every target', async () => {
    expect(await namesIn(await as('oncall', '/api/v1/targets'))).toEqual(['postgresql', 'influxdb', 'redis']);
    expect((await as('oncall', '/api/v1/targets/redis')).status).toBe(200);
  });

  test('somebody with a right to one CronJob sees that target alone', async () => {
    expect(await namesIn(await as('one-target', '/api/v1/targets'))).toEqual(['postgresql']);
    expect((await as('one-target', '/api/v1/targets/postgresql')).status).toBe(200);
    const refused = await as('one-target', '/api/v1/targets/redis');
    expect([refused.status, await refused.json()]).toEqual([
      403,
      expect.objectContaining({
        code: 'access.refused',
        detail:
          'system:serviceaccount:grill-stats:one-target may not get cronjobs redis-backup in namespace grill-stats',
      }),
    ]);
  });

  test('somebody without rights sees none, and not whether there is one', async () => {
    expect(await namesIn(await as('nobody', '/api/v1/targets'))).toEqual([]);
    for (const name of ['redis', 'elsewhere'])
      expect((await as('nobody', `/api/v1/targets/${name}`)).status).toBe(403);
    expect(await (await as('nobody', '/')).text()).toContain('RBAC lets you see no target');
  });

  test('an answer counts for a while: the API server is not asked again', async () => {
    await as('oncall', '/api/v1/targets');
    const before = cluster.asked.length;
    await as('oncall', '/api/v1/targets');
    expect(cluster.asked.length).toBe(before);
  });
});

describe('signing in', () => {
  const form = (person: string) => ({
    method: 'POST',
    body: new URLSearchParams({ token: `${cluster.tokenOf(person)}\n` }),
    headers: { origin: web.url },
  });

  test('keeps the token sealed in a cookie that no script and no other site gets', async () => {
    const answer = await web.ask('/sign-in', undefined, form('oncall'));
    const cookie = answer.headers.get('set-cookie')!;
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
    expect(cookie).toMatch(/^backup-console=[\w-]+; Max-Age=28800; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(cluster.tokenOf('oncall'));
    const page = await web.ask('/', undefined, { headers: { cookie: cookie.split(';')[0]! } });
    expect(await page.text()).toContain('system:serviceaccount:grill-stats:oncall');
    const altered = cookie.split(';')[0]!.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await web.ask('/api/v1/targets', undefined, { headers: { cookie: altered } })).status).toBe(401);
  });

  test('with a token that nobody knows says so', async () => {
    const answer = await web.ask('/sign-in', undefined, form('forged'));
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await answer.text()).toContain('the token is not one that the API server of this cluster accepts');
  });

  test('is refused from a page of another site', async () => {
    for (const headers of [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      {},
      { origin: 'null' },
    ] as Record<string, string>[]) {
      const answer = await web.ask('/sign-in', undefined, { ...form('oncall'), headers });
      expect([headers, answer.status, answer.headers.get('set-cookie')]).toEqual([headers, 403, null]);
    }
  });
});

test('every answer forbids what a page does not need', async () => {
  for (const path of ['/', '/healthz', '/api/v1/targets', '/nowhere', '/sign-in']) {
    const { headers } = await as('oncall', path);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';(?!.*unsafe)/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});
