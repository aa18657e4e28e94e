import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dayMs } from '../../runtime/src/core/units.ts';
import { readEnvironment } from '../../src/environment/environment.ts';
import { history, sampleMs } from './history.ts';
import type { Dashboard, Range } from './model.ts';
import { startBrowser } from '../../test/kit/browser.ts';
import { pageHeight, pageWidth, renderPage } from './page.ts';
import { startPrometheus, type Prometheus } from './prometheus.ts';

// `npm run pictures` draws dashboards/json/prod with real data into docs/images. It takes some minutes and wants the
// packages of `scripts/setup test`, and chromium. CI does not run it.

const root = join(import.meta.dirname, '../..');
const days = 14;

interface Picture {
  readonly file: string;
  readonly uid: string;
  readonly target: string;
  /** Rows that are drawn. @default all */
  readonly rows?: number;
}

/** The fleet, its first rows for the README, and a target that something happened to. */
const pictures: readonly Picture[] = [
  { file: 'backup-monitoring.png', uid: 'backup-monitoring', target: 'All' },
  { file: 'backup-monitoring-top.png', uid: 'backup-monitoring', target: 'All', rows: 2 },
  { file: 'backup-target.png', uid: 'backup-target', target: 'postgresql' },
];

const readDashboard = async ({ uid, rows = Infinity }: Picture): Promise<Dashboard> => {
  const file = join(root, `dashboards/json/prod/${uid}.json`);
  const { panels, ...dashboard } = JSON.parse(await readFile(file, 'utf8')) as Dashboard;
  let row = 0;
  return { ...dashboard, panels: panels.filter(({ type }) => (row += Number(type === 'row')) <= rows) };
};

const chooser =
  (values: Readonly<Record<string, string>>) =>
  (text: string): string =>
    text.replaceAll(/\$(\w+)/g, (found, name: string) =>
      values[name] === 'All' ? '.+' : (values[name] ?? found),
    );

const pageOf = async (prometheus: Prometheus, picture: Picture, range: Range) => {
  const dashboard = await readDashboard(picture);
  const { target } = picture;
  const chosen = { datasource: 'Prometheus', environment: 'prod', namespace: 'grill-stats', target };
  const data = [];
  for (const { targets = [] } of dashboard.panels) {
    const answers = targets.map((each) => prometheus.ask(each, range, chooser(chosen)));
    data.push((await Promise.all(answers)).flat());
  }
  return { text: renderPage(dashboard, chosen, data, range), height: pageHeight(dashboard) };
};

const draw = async (prometheus: Prometheus, range: Range, folder: string): Promise<void> => {
  await using stack = new AsyncDisposableStack();
  const browser = await startBrowser();
  stack.defer(() => browser.close());
  for (const picture of pictures) {
    const { text, height } = await pageOf(prometheus, picture, range);
    const page = await browser.newPage({ viewport: { width: pageWidth, height: Math.ceil(height) } });
    await page.setContent(text);
    await page.screenshot({ path: join(folder, picture.file) });
    console.log(`docs/images/${picture.file}`);
  }
};

/** Where the history of the last run stays, for `npm run pictures -- --redraw`. */
const work = join(root, '.work/pictures');

const live = async (): Promise<string> => {
  const to = Math.floor(Date.now() / sampleMs) * sampleMs;
  const environment = readEnvironment(join(root, 'Pulumi.prod.yaml'));
  const text = await history(environment, to - days * dayMs, to, console.log);
  await mkdir(work, { recursive: true });
  await writeFile(join(work, 'history.txt'), text);
  return text;
};

/** Time of the last sample, in milliseconds. */
const endOf = (text: string): number => Number(/ (\d+)\n# EOF\n$/.exec(text)?.[1]) * 1000;

await using stack = new AsyncDisposableStack();
const redraw = process.argv.includes('--redraw');
const text = redraw ? await readFile(join(work, 'history.txt'), 'utf8') : await live();
const prometheus = await startPrometheus(text, sampleMs, stack);
const folder = join(root, 'docs/images');
await mkdir(folder, { recursive: true });
await draw(prometheus, { from: endOf(text) - days * dayMs, to: endOf(text), step: sampleMs }, folder);
