import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

/** Each secret is one word that stands nowhere else. */
const secrets = {
  passphrase: 'passphrase-Zk9vQ2xhcmFtZWw4',
  oldPassphrase: 'oldphrase-Tm91Z2F0MTJuZXc3',
  redis: 'redispw-UHJhbGluZTMzYmFy',
  webhook: 'hooktoken-Q2FyYW1lbDU1b3Jh',
  slack: 'xoxb-TWFyemlwYW43N2Nob2M',
};

let postgresql: TestPostgresql;
let redis: TestRedis;
let webhook: Server;
let installation: Installation;
let outputs = '';
const commandLines = new Set<string>();

const all = () => [...Object.values(secrets), postgresql.password];

/** Reads every process's arguments all the while; the environment of a child is its own, so it is not looked at. */
const watchCommandLines = (): NodeJS.Timeout =>
  setInterval(() => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      try {
        commandLines.add(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
      } catch {
        // it is gone
      }
  }, 10);

const run = async (expected: number, ...args: readonly string[]): Promise<void> => {
  for (const json of [[], ['--json']]) {
    const { code, stdout, stderr } = await installation.cli([...args, ...json]);
    outputs += stdout + stderr;
    expect({ args, code, said: code === expected ? '' : stdout + stderr }).toEqual({
      args,
      code: expected,
      said: '',
    });
  }
};

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile());

const plan = (more: object = {}): object =>
  planFor(
    installation.backup,
    [
      {
        name: 'postgresql',
        engine: 'postgresql',
        connection: { host: postgresql.host, port: postgresql.port, database: 'grillstats' },
        secret: { name: 'postgresql' },
      },
      {
        name: 'redis',
        engine: 'redis',
        connection: { host: redis.host, port: redis.port },
        secret: { name: 'redis' },
      },
    ],
    { logLevel: 'DEBUG', ...more },
  );

beforeAll(async () => {
  webhook = createServer((_request, response) => response.end()).listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  [postgresql, redis] = await Promise.all([startPostgresql(), startRedis({ password: secrets.redis })]);
  await postgresql.psql('postgres', 'create database grillstats');
  await postgresql.psql('grillstats', 'create table users as select generate_series(1, 50000) as id');
  await redis.cli('SET', 'session:1', 'x');
  const { port } = webhook.address() as { port: number };
  installation = install([], {
    'backup-encryption-secret': { 'encryption-key': secrets.passphrase, old: secrets.oldPassphrase },
    'backup-notification-secret': {
      'webhook-url': `http://127.0.0.1:${port}/hooks/${secrets.webhook}`,
      'slack-token': secrets.slack,
    },
    postgresql: { username: postgresql.user, password: postgresql.password },
    redis: { password: secrets.redis },
  });
});

afterAll(async () => {
  await installation.dispose();
  webhook.close();
  await Promise.all([postgresql.stop(), redis.stop()]);
});

test('no secret is in what a whole life of backups prints, writes, or passes as an argument', async () => {
  const keys = (...ids: readonly string[]) =>
    ids.map((id) => ({ id, secretKey: id === 'now' ? 'encryption-key' : id }));
  const notifications = { enabled: true, webhook: { levels: ['success', 'warning', 'error'] } };
  const timer = watchCommandLines();
  try {
    installation.setPlan(plan({ encryption: { keys: keys('old') }, notifications }));
    for (const target of ['postgresql', 'redis']) await run(0, 'backup', target);
    installation.setPlan(plan({ encryption: { keys: keys('now', 'old') }, notifications }));
    await run(0, 'rekey');
    for (const level of ['quick', 'deep', 'drill']) await run(0, 'verify', '--level', level);
    for (const target of ['postgresql', 'redis']) await run(0, 'restore', target, '--force');
    await run(0, 'restore', 'full', '--test');
    for (const command of ['list', 'status', 'prune']) await run(0, command);

    // Failures say more than successes.
    await run(2, 'restore', 'postgresql', 'nothing.tar.gz.enc', '--force');
    installation.setSecret('redis', 'password', `${secrets.redis}-wrong`);
    await run(3, 'backup', 'redis');
    installation.setPlan(
      plan({
        encryption: { keys: keys('old') },
        notifications: { enabled: true, webhook: {}, slack: { channel: '#x' } },
      }),
    );
    await run(6, 'restore', 'postgresql', '--force');
    installation.setSecret(
      'backup-notification-secret',
      'webhook-url',
      `http://127.0.0.1:1/${secrets.webhook}`,
    );
    await run(3, 'backup', 'redis');
  } finally {
    clearInterval(timer);
  }
  const written = filesBelow(installation.backup);
  expect(written.length).toBeGreaterThan(20);
  expect(commandLines.size).toBeGreaterThan(20);
  for (const secret of all()) {
    expect(outputs).not.toContain(secret);
    expect([...commandLines].filter((line) => line.includes(secret))).toEqual([]);
    expect(written.filter((path) => readFileSync(path).includes(secret))).toEqual([]);
  }
}, 240_000);
