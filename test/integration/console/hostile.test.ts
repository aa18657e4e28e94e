import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { passphrase } from '../../kit/installation.ts';
import { startConsoleCluster, type ConsoleCluster } from '../../kit/console-cluster.ts';
import { startConsole, type TestConsole } from '../../kit/console.ts';
import { plantGenuine } from '../../kit/planted.ts';

/** Two seconds of them. */
const times = 2000;

let cluster: ConsoleCluster;
let web: TestConsole;
const directory = startDirectory();

const markup = '<script>alert(1)</script>';

beforeAll(async () => {
  cluster = await startConsoleCluster('access');
  const primary = await (await directory).open();
  const at = new Date(Date.now() - 3_600_000);
  await plantGenuine(primary, { at, tier: 'daily', id: '1'.repeat(32) });
  // its message quotes what somebody wrote into the store
  await plantGenuine(primary, {
    at: new Date(at.getTime() - 1000),
    tier: 'daily',
    id: '2'.repeat(32),
    environment: markup,
  });
  web = await startConsole({
    stores: { primary, replicas: [] },
    cluster,
    pauseMs: 3_600_000,
    callerRate: { perSecond: 1e6, burst: 1e6 },
  });
});
afterAll(async () => {
  await web.stop();
  await cluster.stop();
  await (await directory).stop();
});

const nasty = fc.constantFrom(
  ...[
    markup,
    '"><img src=x onerror=alert(1)>',
    "';alert(1)//",
    '../../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%00',
    '%',
    '%zz',
    '%E0%A4%A',
  ],
  ...[
    '__proto__',
    'constructor',
    '${7*7}',
    '{{7*7}}',
    '$(id)',
    '`id`',
    "' OR 1=1--",
    '\\..\\..',
    '%0d%0aset-cookie:a=b',
    'a'.repeat(3000),
    '-1',
    '1e309',
    'NaN',
    '',
  ],
  ...['redis', 'postgresql', 'audit', 'plan', 'archives', 'targets', 'window', '0000000001.json'],
);
const piece = fc.oneof({ weight: 3, arbitrary: nasty }, fc.string({ unit: 'grapheme-ascii', maxLength: 20 }));
const start = fc.constantFrom(
  '/',
  '/api/v1/',
  '/api/v1/targets/',
  '/api/v1/targets/redis/archives/',
  '/targets/',
  '/targets/redis/archives/',
  '/targets/redis/restore',
  '/targets/redis/runs',
  '/audit',
  '/api/v1/jobs/',
  '/assets/',
  '/sign-in',
  '/docs',
  '//',
  '/api/v1/audit',
  '/api/v1/restores:plan',
);
const path = fc
  .tuple(start, fc.array(piece, { maxLength: 3 }), fc.array(fc.tuple(piece, piece), { maxLength: 3 }))
  .map(([begin, parts, query]) => {
    const asked = query.map(([name, value]) => `${name}=${value}`).join('&');
    // what Node's client sends at all
    return `${begin}${parts.join('/')}${asked && `?${asked}`}`.replaceAll(/[^\x21-\x7e]/g, '%20');
  });
const header = fc.tuple(
  fc.constantFrom(
    'host',
    'origin',
    'x-forwarded-user',
    'x-forwarded-groups',
    'impersonate-user',
    'cookie',
    'accept',
    'content-type',
    'idempotency-key',
    'x-http-method-override',
    'if-none-match',
    'range',
    'referer',
  ),
  piece.map((value) => value.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 2000)),
);
const body = fc.oneof(
  piece,
  fc.json({ maxDepth: 3 }),
  fc.constant(`{"target":"redis","only":["${'x'.repeat(20_000)}"]}`),
  fc.constant('['.repeat(8000)),
  fc.constant('--b\r\n\r\nno name\r\n--b--'),
  piece.map((archive) => JSON.stringify({ target: 'redis', archive })),
  piece.map((part) => JSON.stringify({ target: 'redis', only: [part] })),
);
const hostile = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'),
  path,
  headers: fc.array(header, { maxLength: 4 }),
  body,
  known: fc.boolean(),
});

type Hostile = typeof hostile extends fc.Arbitrary<infer T> ? T : never;

const send = ({ method, path: asked, headers, body: content, known }: Hostile) =>
  new Promise<{ status: number; type: string; text: string; headers: object }>((resolve, reject) => {
    const { hostname, port } = new URL(web.url);
    const token = known ? { authorization: `Bearer ${cluster.tokenOf('oncall')}` } : {};
    const all = { 'content-type': 'application/json', ...Object.fromEntries(headers), ...token };
    const sent = request({ hostname, port, method, path: asked, headers: all, agent: false }, (answer) => {
      const type = String(answer.headers['content-type']);
      text(answer).then(
        (got) => resolve({ status: answer.statusCode!, type, text: got, headers: answer.headers }),
        reject,
      );
    });
    sent.on('error', reject);
    sent.end(method === 'GET' || method === 'HEAD' ? undefined : content);
  });

/** What reads the body, with what a body may be called. */
const withBody: fc.Arbitrary<Hostile> = fc.record({
  method: fc.constant('POST' as const),
  path: fc.constantFrom('/api/v1/restores:plan', '/sign-in'),
  headers: fc
    .constantFrom(
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
      'multipart/form-data; boundary=b',
      '',
    )
    .map((type): Hostile['headers'] => [['content-type', type]]),
  body,
  known: fc.constant(true),
});

/** As long as the address that a URL is parsed to, which the library takes for the same. */
const oddHost: Hostile = {
  method: 'GET',
  path: '/',
  headers: [['host', '! @0# !']],
  body: '',
  known: false,
};

/** Names of files of the program, and secrets of the test: what no answer may hold. */
const leaks = [
  passphrase,
  'token-of-',
  'node_modules',
  'runtime/src',
  'at Object.',
  'root:x:',
  'not recorded',
];

test(`${times} hostile requests: nothing breaks, leaks, or is markup`, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof({ weight: 9, arbitrary: hostile }, { weight: 1, arbitrary: withBody }),
      async (asked) => {
        const answer = await send(asked);
        expect([asked, answer.status < 500]).toEqual([asked, true]);
        for (const leak of leaks) expect(answer.text).not.toContain(leak);
        if (answer.type.startsWith('text/html'))
          expect(answer.text).not.toMatch(/<script>alert|<img src=x|onerror=alert\(1\)>/);
        expect(Object.keys(answer.headers)).not.toContain('access-control-allow-origin');
      },
    ),
    { numRuns: times, examples: [[oddHost]] },
  );
}, 600_000);

test('names and messages with markup are text on every page', async () => {
  const encoded = encodeURIComponent(markup);
  for (const page of [
    '/',
    '/targets/redis',
    '/targets/redis/runs',
    '/audit',
    '/drills',
    '/forecasts',
    '/docs',
    '/about',
    ...['only', 'archive', 'instant'].map((field) => `/targets/redis/restore?${field}=${encoded}`),
    `/targets/${encoded}`,
    `/${encoded}`,
  ]) {
    const headers = { accept: 'text/html' };
    const content = await (await web.ask(page, cluster.tokenOf('oncall'), { headers })).text();
    expect([page, content.includes(markup)]).toEqual([page, false]);
  }
});
