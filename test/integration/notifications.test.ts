import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { ServerResponse } from 'node:http';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { notificationsConfig } from '../../runtime/src/notify/config.ts';
import type { Event } from '../../runtime/src/notify/event.ts';
import { notify } from '../../runtime/src/notify/notify.ts';
import { startHttpServer, type TestHttpServer } from '../kit/http-server.ts';
import { startMailServer, type TestMailServer } from '../kit/mail-server.ts';
import { freePort } from '../kit/private-server.ts';
import { testRun, type TestRun } from '../kit/run.ts';

const quick = { tries: 3, pauseMs: 1, tryMs: 400 };
const slackToken = 'slack-token-of-the-bot-8842';
const emailPassword = 'mail password 7731';
const webhookPath = '/hooks/T0K3N-5519';

const succeeded: Event = {
  command: 'backup',
  target: 'postgresql',
  startedAt: '2024-01-01T02:00:00.000Z',
  finishedAt: '2024-01-01T02:01:30.000Z',
  ok: true,
  figures: {
    archive: 'postgresql/postgresql_20240101_020000.tar.gz.enc',
    sourceBytes: 2048,
    archiveBytes: 1024,
  },
};
const warned: Event = { ...succeeded, warnings: ['rows fell from 5000 to 0 in public.users'] };
const failed: Event = {
  ...succeeded,
  ok: false,
  failure: { code: 'source.unreachable', message: 'nobody answers at postgresql:5432 <&>' },
  figures: {},
};

let run: TestRun;
let log: string[];
let webhookUrl: string;
let server: TestHttpServer | undefined;
let mail: TestMailServer | undefined;

beforeEach(() => {
  log = [];
  const secrets: Record<string, string> = { 'slack-token': slackToken, 'email-password': emailPassword };
  run = testRun({
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    readSecret: async (secret, key) => {
      const value = { ...secrets, ...(webhookUrl && { 'webhook-url': webhookUrl }) }[key];
      if (value === undefined)
        throw new BackupError('secret.missing', `key ${key} of secret ${secret} is missing`);
      return value;
    },
  });
  webhookUrl = '';
});

afterEach(async () => {
  await server?.stop();
  await mail?.stop();
  [server, mail] = [undefined, undefined];
  await run.dispose();
});

const tell = async (channels: object, event: Event, policy = quick) => {
  const notifications = notificationsConfig.parse({ enabled: true, ...channels });
  const outcomes = await notify({ run, plan: { environment: 'prod', notifications } }, event, policy);
  for (const secret of [slackToken, emailPassword, 'T0K3N'])
    expect(JSON.stringify(outcomes) + log.join()).not.toContain(secret);
  return outcomes;
};

const listen = async (answer: (response: ServerResponse, count: number) => void) => {
  server = await startHttpServer(answer);
  webhookUrl = server.url + webhookPath;
  return server;
};

const status = (code: number) => (response: ServerResponse) =>
  void response.writeHead(code).end('no T0K3N for you');

describe('the webhook', () => {
  test('gets every level as JSON', async () => {
    const { requests } = await listen(status(204));
    for (const event of [succeeded, warned, failed])
      expect(await tell({}, event)).toEqual([{ channel: 'webhook', ok: true }]);
    expect(requests.map(({ body }) => body.status)).toEqual(['success', 'warning', 'error']);
    expect(requests[1]).toMatchObject({
      method: 'POST',
      url: webhookPath,
      headers: { 'content-type': 'application/json; charset=utf-8' },
    });
    expect(requests[1]!.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      status: 'warning',
      environment: 'prod',
      service: 'postgresql',
      command: 'backup',
      title: '[prod] backup of postgresql succeeded with warnings',
      message: 'rows fell from 5000 to 0 in public.users',
      timestamp: '2024-01-01T02:01:30.000Z',
      started_at: '2024-01-01T02:00:00.000Z',
      duration_seconds: 90,
      archive: 'postgresql/postgresql_20240101_020000.tar.gz.enc',
      source_bytes: 2048,
      archive_bytes: 1024,
      figures: succeeded.figures,
      warnings: ['rows fell from 5000 to 0 in public.users'],
      error: null,
    });
    expect(requests[2]!.body).toMatchObject({
      message: 'nobody answers at postgresql:5432 <&>',
      archive: null,
      error: {
        code: 'source.unreachable',
        hint: 'check that the server runs, its address, and the NetworkPolicy',
      },
    });
  });

  test('gets only the levels that the plan names', async () => {
    const { requests } = await listen(status(200));
    expect(await tell({ webhook: { levels: ['error'] } }, succeeded)).toEqual([]);
    expect(requests).toEqual([]);
  });

  test('is told nothing where notifications are off', async () => {
    const { requests } = await listen(status(200));
    expect(await tell({ enabled: false }, failed)).toEqual([]);
    expect(requests).toEqual([]);
  });

  test('is tried again after a failure that passes, as the same notification', async () => {
    const { requests } = await listen((response, count) => status(count < 3 ? 503 : 200)(response));
    expect(await tell({}, failed)).toEqual([{ channel: 'webhook', ok: true }]);
    expect(requests.length).toBe(3);
    expect(new Set(requests.map(({ body }) => body.id)).size).toBe(1);
  });

  test.each([
    [400, 1],
    [404, 1],
    [302, 1],
    [429, 3],
    [500, 3],
  ])('that answers %i is tried %i times, and the failure is told', async (code, tries) => {
    const { requests } = await listen(status(code));
    const problem = `the server answered ${code}`;
    expect(await tell({}, failed)).toEqual([{ channel: 'webhook', ok: false, problem }]);
    expect(requests.length).toBe(tries);
    expect(log.join()).toContain(problem);
  });

  test('that never answers is given up', async () => {
    const { requests } = await listen(() => {});
    expect(await tell({}, failed)).toEqual([
      { channel: 'webhook', ok: false, problem: 'no answer within 0.4 s' },
    ]);
    expect(requests.length).toBe(3);
  });

  test('where nobody listens is given up', async () => {
    webhookUrl = `http://127.0.0.1:${await freePort()}${webhookPath}`;
    expect(await tell({}, failed)).toEqual([
      { channel: 'webhook', ok: false, problem: 'no connection: ECONNREFUSED' },
    ]);
  });

  test.each(['T0K3N', 'ftp://host/T0K3N', 'http://user:T0K3N@127.0.0.1/'])('with address %s', async (url) => {
    webhookUrl = url;
    const [outcome] = await tell({}, failed);
    expect(outcome).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^(the address is not|no connection)/),
    });
  });

  test('without an address', async () => {
    expect(await tell({}, failed)).toEqual([
      {
        channel: 'webhook',
        ok: false,
        problem: 'key webhook-url of secret backup-notification-secret is missing',
      },
    ]);
  });

  test('is tried once where the run is about to be stopped', async () => {
    const { requests } = await listen(status(503));
    const signal = AbortSignal.abort();
    run = { ...run, signal };
    expect(await tell({}, failed)).toMatchObject([{ ok: false }]);
    expect(requests.length).toBe(1);
  });
});

describe('slack', () => {
  const answer = (document: object) => (response: ServerResponse) =>
    void response.end(JSON.stringify(document));
  const channels = (more: object = {}) => ({
    slack: { channel: '#backups', apiUrl: `${server!.url}/api/`, ...more },
  });

  test('gets warnings and errors as a message, with its markup escaped', async () => {
    const { requests } = await listen(answer({ ok: true }));
    expect(await tell(channels(), succeeded)).toEqual([]);
    expect(await tell(channels(), failed)).toEqual([{ channel: 'slack', ok: true }]);
    expect(requests).toMatchObject([
      {
        url: '/api/chat.postMessage',
        headers: { authorization: `Bearer ${slackToken}` },
        body: { channel: '#backups', text: ':rotating_light: [prod] backup of postgresql failed' },
      },
    ]);
    const text: string = requests[0]!.body.blocks[1].text.text;
    expect(text).toContain('nobody answers at postgresql:5432 &lt;&amp;&gt;');
    expect(text).toContain('hint     check that the server runs');
  });

  test('holds its longest text', async () => {
    const { requests } = await listen(answer({ ok: true }));
    await tell(channels(), { ...succeeded, warnings: Array.from({ length: 500 }, () => '<'.repeat(20)) });
    expect(requests[0]!.body.blocks[1].text.text.length).toBeLessThan(3000);
  });

  test.each([
    ['channel_not_found', 1, 'channel_not_found'],
    ['invalid_auth', 1, 'invalid_auth'],
    ['ratelimited', 3, 'ratelimited'],
    ['xoxb T0K3N', 1, 'no readable reason'],
  ])('that refuses with %s is tried %i times', async (error, tries, told) => {
    const { requests } = await listen(answer({ ok: false, error }));
    expect(await tell(channels(), failed)).toEqual([
      { channel: 'slack', ok: false, problem: `slack refused: ${told}` },
    ]);
    expect(requests.length).toBe(tries);
  });
});

describe('e-mail', () => {
  const channels = (more: object = {}) => {
    const { host, port, caFile } = mail!;
    return {
      email: {
        host,
        port,
        caFile,
        from: 'backup@example.com',
        to: ['ops@example.com', 'dba@example.com'],
        ...more,
      },
    };
  };
  const login = { user: 'backup', password: emailPassword };

  test('goes through STARTTLS with a login', async () => {
    mail = await startMailServer({}, login);
    expect(await tell(channels({ user: 'backup' }), failed)).toEqual([{ channel: 'email', ok: true }]);
    expect(mail.mails).toMatchObject([
      {
        from: 'backup@example.com',
        to: ['ops@example.com', 'dba@example.com'],
        user: 'backup',
        secure: true,
      },
    ]);
    const { text } = mail.mails[0]!;
    expect(text).toContain('Subject: [prod] backup of postgresql failed');
    expect(text).toContain('X-Grill-Backup-Status: error');
    expect(text).toContain('code     source.unreachable');
  });

  test('goes through TLS from the start', async () => {
    mail = await startMailServer({ secure: true });
    expect(await tell(channels({ security: 'tls' }), warned)).toEqual([{ channel: 'email', ok: true }]);
    expect(mail.mails).toMatchObject([{ secure: true }]);
    expect(mail.mails[0]!.text).toContain('warning: rows fell from 5000 to 0 in public.users');
  });

  test('goes in the clear where the plan says so', async () => {
    mail = await startMailServer({ disabledCommands: ['STARTTLS', 'AUTH'] });
    expect(await tell(channels({ security: 'none' }), failed)).toEqual([{ channel: 'email', ok: true }]);
    expect(mail.mails).toMatchObject([{ secure: false }]);
  });

  test('does not fall back to plain text', async () => {
    mail = await startMailServer({ disabledCommands: ['STARTTLS', 'AUTH'] });
    expect(await tell(channels(), failed)).toMatchObject([{ channel: 'email', ok: false }]);
    expect(mail.mails).toEqual([]);
  });

  test('does not trust a certificate that nobody vouches for', async () => {
    mail = await startMailServer();
    expect(await tell(channels({ caFile: undefined }), failed)).toMatchObject([
      { channel: 'email', ok: false },
    ]);
    expect(mail.mails).toEqual([]);
  });

  test('is not tried again after a wrong password', async () => {
    mail = await startMailServer({}, { user: 'backup', password: 'another' });
    expect(await tell(channels({ user: 'backup' }), failed)).toEqual([
      { channel: 'email', ok: false, problem: 'the server answered 535 (EAUTH)' },
    ]);
  });

  test('is tried again where the server is busy', async () => {
    let tries = 0;
    mail = await startMailServer({
      onMailFrom: (_address, _session, done) =>
        ++tries < 3 ? done(Object.assign(new Error('busy'), { responseCode: 451 })) : done(),
    });
    expect(await tell(channels(), failed)).toEqual([{ channel: 'email', ok: true }]);
    expect(tries).toBe(3);
  });

  test('to a server that hangs is given up', async () => {
    mail = await startMailServer({ onConnect: () => {} });
    expect(await tell(channels(), failed)).toEqual([
      { channel: 'email', ok: false, problem: 'no answer within 0.4 s' },
    ]);
  });

  test('keeps a password off a line that is not encrypted', () => {
    const email = { host: 'mail', from: 'a@b.c', to: ['d@e.f'], user: 'backup', security: 'none' };
    expect(notificationsConfig.safeParse({ email }).error?.issues).toMatchObject([
      {
        path: ['email', 'security'],
        message: expect.stringContaining('password must not cross the network unencrypted'),
      },
    ]);
  });
});

test('one channel that fails does not keep the others from being told', async () => {
  await listen(status(500));
  mail = await startMailServer();
  const { host, port, caFile } = mail;
  const outcomes = await tell(
    { webhook: {}, email: { host, port, caFile, from: 'backup@example.com', to: ['ops@example.com'] } },
    failed,
  );
  expect(outcomes).toEqual([
    { channel: 'webhook', ok: false, problem: 'the server answered 500' },
    { channel: 'email', ok: true },
  ]);
});
