import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { startBrowser } from '../../kit/browser.ts';
import { startConsoleStory } from '../../kit/console-story.ts';

// As somebody on call sees it, in a real browser. axe finds what a screen reader or a weak eye would stumble over.
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const newest = 'postgresql_20240310_022400.tar.gz.enc';
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

test('a restore is planned by an archive, and the commands to run are shown', async () => {
  const page = await signedIn();
  await page.goto(`${story.url}/targets/postgresql`);
  await page.getByRole('link', { name: newest }).click();
  expect(await page.locator('main').innerText()).toMatch(
    /Its manifest is authentic[^]*restored and compared[^]*keys 100/,
  );
  await page.getByRole('link', { name: 'Restore it' }).click();
  const text = await page.locator('main').innerText();
  expect(text).toMatch(/The way back\s+the old data is kept/);
  expect(text).toMatch(/30s by the last drill, objective 1h/);
  expect(text).toContain(
    `kubectl exec -it backup-restore-job -n grill-stats -- /scripts/postgresql-restore.sh ${newest}`,
  );
  await page.getByLabel('Only these').fill("public.users\npublic.o'neill <b>");
  await page.getByRole('button', { name: 'See what would happen' }).click();
  expect(await page.locator('main').innerText()).toContain("--only 'public.users' 'public.o'\\''neill <b>'");
  await page.context().close();
});

test('what cannot be restored is said where it was chosen', async () => {
  const page = await signedIn();
  for (const [query, problem] of [
    ['archive=nothing', 'has no archive of this name that counts'],
    ['instant=yesterday', 'is not a time such as'],
    ['instant=2024-03-09T00:00:00Z', 'no instant is stored'],
    [`archive=${newest}&instant=2024-03-09T00:00:00Z`, 'not both'],
  ]) {
    await page.goto(`${story.url}/targets/postgresql/restore?${query}`);
    expect(await page.getByRole('alert').innerText()).toContain(problem);
  }
  await page.context().close();
});

test('the audit trail and the runs of a target show what was done, and that it is proved', async () => {
  const page = await signedIn();
  await page.goto(`${story.url}/audit`);
  expect(await page.locator('tbody tr').first().innerText()).toMatch(
    /backup\s+redis[^]*source\.refused[^]*proved/,
  );
  await page.goto(`${story.url}/targets/redis/runs`);
  expect(await page.locator('tbody tr').first().innerText()).toMatch(/backup[^]*source\.refused: simulated/);
  await page.context().close();
});

test('drills show what they proved, with the records; forecasts, what is likely to come', async () => {
  const page = await signedIn();
  await page.goto(`${story.url}/drills`);
  const proved = page.getByRole('table', { name: 'What the last drill' });
  expect(await proved.getByRole('row', { name: 'postgresql' }).innerText()).toMatch(/equal\s+30s\s+1h/);
  expect(await proved.getByRole('row', { name: 'redis' }).innerText()).toContain('never');
  expect(await page.getByRole('table', { name: 'Records' }).locator('tbody tr').count()).toBe(1);
  await page.goto(`${story.url}/forecasts`);
  expect(await page.getByRole('table', { name: 'Stores' }).innerText()).toMatch(/primary\s+read/);
  await page.context().close();
});

const pages = [
  '/',
  '/targets/postgresql',
  '/targets/redis',
  `/targets/postgresql/archives/${newest}`,
  `/targets/postgresql/restore?archive=${newest}`,
  '/targets/redis/runs',
  '/drills',
  '/forecasts',
  '/audit',
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
  }, 300_000);
});

test('a phone shows what each value of a line is', async () => {
  const page = await signedIn({ viewport: { width: 360, height: 800 } });
  const led = "getComputedStyle(document.querySelector('tbody td:nth-of-type(3)'), '::before').content";
  expect(await page.evaluate(led)).toContain('Proved');
  await page.context().close();
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
