import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, type Installation } from '../kit/installation.ts';
import { freePort } from '../kit/private-server.ts';
import { until } from '../kit/until.ts';

let installation: Installation;

beforeAll(() => {
  const connection = { host: '127.0.0.1', port: 6379 };
  installation = install([{ name: 'redis', engine: 'redis', connection, secret: { name: 'redis' } }], {});
});
afterAll(() => installation.dispose());

test('grill-backup serve answers on its port without any database, and ends cleanly on SIGTERM', async () => {
  const port = await freePort();
  let pid = 0;
  const run = installation.cli(['serve', '--port', String(port)], (started) => (pid = started));
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/readyz`)).ok);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('grill_backup_rpo_seconds{target="redis",environment="test"} 86400');
  process.kill(pid, 'SIGTERM');
  const { code, stderr } = await run;
  expect(code).toBe(0);
  expect(stderr).toContain('stopped serving metrics');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
}, 60_000);

test('a port that is none is a mistake of usage', async () => {
  const { code, stderr } = await installation.cli(['serve', '--port', '70000']);
  expect(code).toBe(2);
  expect(stderr).toContain('expected a port from 1 to 65535');
});
