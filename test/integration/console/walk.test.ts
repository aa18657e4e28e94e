import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { runCronJob } from '../../../demo/backup.ts';
import { startDemoConsole, type DemoConsole } from '../../../demo/console/console.ts';
import { changed, type Database, type Digest } from '../../../demo/databases/database.ts';
import { redisDatabase } from '../../../demo/databases/redis.ts';
import { secretValues } from '../../../demo/secrets.ts';
import { adopt, servicesOf, type Stage } from '../../../demo/stage.ts';
import { cronJobName, names } from '../../../runtime/src/contract/names.ts';
import { planOf } from '../../../src/environment/environment.ts';
import { startBrowser } from '../../kit/browser.ts';
import { environmentOf, environmentWith, objectsOf } from '../../kit/environments.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { until } from '../../kit/until.ts';

// The pods of the manifests of dev with a real Redis, the console among them, and what somebody on call does in a browser and a terminal.

const target = 'redis';
const never = new AbortController().signal;
const stack = new AsyncDisposableStack();
let stage: Stage;
let database: Database;
let demo: DemoConsole;
let browser: Browser;
let before: Digest;

const buildStage = async (): Promise<Stage> => {
  const folder = workFolder('walk');
  stack.defer(() => removeFolder(folder));
  chmodSync(folder, 0o711);
  database = await adopt(stack, redisDatabase(target));
  const environment = environmentWith('dev', {
    targets: environmentOf('dev').targets.filter(({ name }) => name === target),
    console: { enabled: true },
    network: { apiServer: { cidrs: ['127.0.0.1/32'] } },
  });
  const [plan, databases] = [planOf(environment), [database]];
  const secrets = secretValues(plan, databases, undefined);
  const cluster = { manifests: objectsOf(environment), secrets, services: servicesOf(databases), folder };
  return { plan, databases, manifestsFolder: '', cluster };
};

const archives = (): readonly string[] =>
  readdirSync(join(stage.cluster.folder, 'backup', target))
    .filter((name) => name.endsWith('.enc') && !name.startsWith('latest'))
    .toSorted();

/** The last byte of an archive is another one. */
const damage = (archive: string): void => {
  const file = join(stage.cluster.folder, 'backup', target, archive);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
};

const backUp = () => runCronJob(stage, cronJobName(target), never);

beforeAll(async () => {
  stage = await buildStage();
  await database.fill(1 << 20);
  before = await database.digest();
  await backUp();
  await until(() => new Date().getMilliseconds() < 500); // names of archives have whole seconds
  await backUp();
  damage(archives()[1]!);
  await expect(runCronJob(stage, names.drill, never)).rejects.toThrow('verification.failed');
  demo = await startDemoConsole(stage, never, stack);
  browser = await startBrowser();
}, 180_000);
afterAll(async () => {
  await browser.close();
  await stack.disposeAsync();
}, 60_000);

const api = (path: string, more: RequestInit = {}) =>
  fetch(`${demo.url}/api/v1${path}`, {
    ...more,
    headers: { authorization: `Bearer ${demo.token}`, 'idempotency-key': 'the-walk-of-a-test' },
  });

/** Starts a backup as the person, and follows it to its end. */
const backUpNow = async (): Promise<string> => {
  const started = await api(`/targets/${target}/backups`, { method: 'POST' });
  expect(started.status).toBe(202);
  const { job } = (await started.json()) as { job: string };
  return (await api(`/jobs/${job}/events`)).text();
};

const signIn = async (): Promise<Page> => {
  const page = await browser.newPage();
  await page.goto(demo.url);
  await page.getByLabel('A token of this cluster').fill(demo.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${demo.url}/`);
  return page;
};

/** Runs what somebody pastes, in a terminal with the demo's `kubectl`. @param typed afterwards */
const inTerminal = (command: string, typed = '') => {
  const { status, stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${demo.bin}:${process.env['PATH']}` },
    input: typed,
  });
  return { status, stdout };
};

test('from the overview to a restore that succeeded', async () => {
  await database.damage();
  expect(changed(before, await database.digest())).not.toEqual([]);

  const page = await signIn();
  const main = () => page.locator('main').innerText();
  expect(await page.locator('tbody tr').first().innerText()).toMatch(/redis\s+No: the last drill failed/);
  await page.getByRole('link', { name: target }).click();
  expect(await main()).toContain('Can we recover? No.');

  const [older] = archives();
  await page.getByRole('link', { name: older! }).click();
  await page.getByRole('link', { name: 'Restore it' }).click();
  const printed = await page.locator('pre').allInnerTexts();
  for (const command of printed) expect(command).toMatch(/^kubectl /);

  const [replace, wait, look, attempt, restore, remove] = printed;
  for (const command of [replace!, wait!, look!, attempt!])
    expect([command, inTerminal(command)]).toEqual([command, expect.objectContaining({ status: 0 })]);
  expect(changed(before, await database.digest())).not.toEqual([]); // the live data is as it was
  expect(inTerminal(restore!, 'no\n')).toMatchObject({
    status: expect.any(Number),
    stdout: expect.stringContaining('nothing was changed'),
  });
  expect(inTerminal(restore!, `${target}\n`)).toMatchObject({ status: 0 });
  expect(inTerminal(remove!)).toMatchObject({ status: 0 });
  expect(changed(before, await database.digest())).toEqual([]);

  await page.goto(`${demo.url}/targets/${target}/runs`);
  expect(await page.locator('tbody tr').first().innerText()).toMatch(/restore\s+\S+\s+succeeded/);
  await page.goto(`${demo.url}/audit`);
  expect(await main()).toMatch(/restore\s+redis[^]*succeeded[^]*proved/);

  expect(await backUpNow()).toMatch(/"state":"succeeded"/);
  await page.reload();
  expect(await main()).toMatch(/console\s+redis[^]*what backup, who you/);
}, 180_000);
