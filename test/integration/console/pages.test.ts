import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from '../../kit/browser.ts';
import { startConsoleStory } from '../../kit/console-story.ts';

// As somebody on call sees it, in a real browser. axe finds what a screen reader or a weak eye would stumble over.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let story: Awaited<ReturnType<typeof startConsoleStory>>;
let browser: Browser;

beforeAll(async () => {
  story = await startConsoleStory();
  browser = await startBrowser();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await story.stop();
});

const signedIn = async (options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> => {
  const context: BrowserContext = await browser.newContext({ timezoneId: 'Asia/Kathmandu', ...options });
  const page = await context.newPage();
  await page.goto(story.url);
  await page.getByLabel('A token of this cluster').fill(story.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${story.url}/`);
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
  await page.waitForURL(`${story.url}/targets/redis`);
  const text = await page.locator('main').innerText();
  expect(text).toContain('Can we recover? No.');
  expect(text).toContain('the newest backup is 72h old, more than 24h');
  expect(text).toContain('source.refused');
  await page.context().close();
});

test('a target that can be recovered shows to when, how fast, and what from', async () => {
  const page = await signedIn();
  await page.goto(`${story.url}/targets/postgresql`);
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
        await page.goto(`${story.url}${path}`);
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
    await page.goto(`${story.url}${path}`);
    expect(await page.locator('main').textContent()).toContain(expected);
  }
  await page.context().close();
});
