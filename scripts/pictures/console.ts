import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startBrowser } from '../../test/kit/browser.ts';
import { startConsoleStory } from '../../test/kit/console-story.ts';

// `npm run pictures:console` takes pictures of the console's pages, in light and dark, into docs/images. It wants the packages of
// `scripts/setup test`. CI does not run it.

const folder = join(import.meta.dirname, '../../docs/images');

const newest = 'postgresql_20240310_022400.tar.gz.enc';

/** Name of a picture → path of its page. */
const pages = {
  overview: '/',
  target: '/targets/postgresql',
  'target-red': '/targets/redis',
  archive: `/targets/postgresql/archives/${newest}`,
  restore: `/targets/postgresql/restore?archive=${newest}`,
  runs: '/targets/redis/runs',
  drills: '/drills',
  forecasts: '/forecasts',
  audit: '/audit',
  about: '/about',
};

const draw = async (
  browser: Browser,
  url: string,
  token: string,
  scheme: 'light' | 'dark',
): Promise<void> => {
  await using context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width: 1100, height: 600 },
    extraHTTPHeaders: { authorization: `Bearer ${token}` },
  });
  const page = await context.newPage();
  for (const [name, path] of Object.entries(pages)) {
    await page.goto(`${url}${path}`);
    const file = `console-${name}-${scheme}.png`;
    await page.screenshot({ path: join(folder, file), fullPage: true });
    console.log(`docs/images/${file}`);
  }
};

await using stack = new AsyncDisposableStack();
const story = await startConsoleStory();
stack.defer(() => story.stop());
const browser = await startBrowser();
stack.defer(() => browser.close());
for (const scheme of ['light', 'dark'] as const) await draw(browser, story.url, story.token, scheme);
