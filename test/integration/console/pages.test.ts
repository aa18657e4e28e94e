import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { testApp } from '../../kit/app.ts';
import { startConsoleCluster, type ConsoleCluster } from '../../kit/console-cluster.ts';
import { consoleTargets, startConsole, type TestConsole } from '../../kit/console.ts';
import { simulateBackup, simulateVerification } from '../../kit/simulated-runs.ts';

// As somebody on call sees it, in a real browser. axe finds what a screen reader or a weak eye would stumble over.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const now = new Date('2024-03-10T12:00:00Z');
const ago = (days: number): Date => new Date(now.getTime() - days * dayMs);

let cluster: ConsoleCluster;
let web: TestConsole;
let browser: Browser;
const directory = startDirectory();

beforeAll(async () => {
  cluster = await startConsoleCluster();
  const primary = await (await directory).open();
  const app = testApp({ stores: { primary, replicas: [] }, targets: consoleTargets });
  for (const days of [2.4, 1.4, 0.4]) await simulateBackup(app, 'postgresql', { at: ago(days) });
  await simulateVerification(app, 'postgresql', { at: ago(0.3), level: 'drill' });
  await simulateBackup(app, 'redis', { at: ago(3) });
  await simulateBackup(app, 'redis', { at: ago(2), failure: 'source.refused' });
  web = await startConsole({ stores: { primary, replicas: [] }, cluster, run: { now: () => now } });
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}, 120_000);
afterAll(async () => {
  await browser.close();
  await web.stop();
  await cluster.stop();
  await (await directory).stop();
});

const signedIn = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  const context: BrowserContext = await browser.newContext({ timezoneId: 'Asia/Kathmandu', ...options });
  const page = await context.newPage();
  await page.goto(web.url);
  await page.getByLabel('A token of this cluster').fill(cluster.tokenOf('oncall'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${web.url}/`);
  return page;
};

const findings = async (page: Page): Promise<readonly string[]> => {
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
    'axe.run()',
  );
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
};

const isTooWide = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > document.documentElement.clientWidth');

test('from the red target first to what is wrong with it, by keyboard', async () => {
  const page = await signedIn();
  const first = page.locator('tbody tr').first();
  expect(await first.innerText()).toMatch(/influxdb\s+No: there is no backup/);
  await page.getByRole('link', { name: 'redis' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForURL(`${web.url}/targets/redis`);
  const text = await page.locator('main').innerText();
  expect(text).toContain('Can we recover? No.');
  expect(text).toContain('the newest backup is 72h old, more than 24h');
  expect(text).toContain('source.refused');
  await page.context().close();
});

test('a target that can be recovered shows to when, how fast, and what from', async () => {
  const page = await signedIn();
  await page.goto(`${web.url}/targets/postgresql`);
  const text = await page.locator('main').innerText();
  expect(text).toMatch(/Can we recover\? Yes\./);
  expect(text).toMatch(/How fast\s+30s of/);
  expect(await page.getByRole('table', { name: 'Archives' }).locator('tbody tr').count()).toBe(3);
  expect(await page.getByRole('img').getAttribute('aria-label')).toContain('3 archives');
  // UTC for everybody, and the reader's own time beside it
  expect(await page.locator('time').first().innerText()).toMatch(
    /^2024-03-10 .*UTC.*17:45 here|^2024-03-10 .*5:45 PM here/,
  );
  await page.context().close();
});

const pages = [
  '/',
  '/targets/postgresql',
  '/targets/redis',
  '/about',
  '/docs',
  '/targets/nowhere',
  '/sign-in',
];

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test('axe finds nothing, on a screen or a phone, and nothing is wider than it', async () => {
    const page = await signedIn({ colorScheme });
    for (const width of [1280, 360])
      for (const path of pages) {
        await page.setViewportSize({ width, height: 800 });
        await page.goto(`${web.url}${path}`);
        expect([path, width, await findings(page), await isTooWide(page)]).toEqual([path, width, [], false]);
      }
    await page.context().close();
  }, 120_000);
});

test('everything can be read without a script', async () => {
  const page = await signedIn({ javaScriptEnabled: false });
  for (const [path, expected] of [
    ['/', 'Can we recover?'],
    ['/targets/postgresql', 'What can be restored'],
    ['/about', 'holds no password'],
  ] as const) {
    await page.goto(`${web.url}${path}`);
    expect(await page.locator('main').textContent()).toContain(expected);
  }
  await page.context().close();
});
