import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, ticks } from '../../../../scripts/pictures/format.ts';
import { html } from '../../../../scripts/pictures/html.ts';
import type { Dashboard, Panel, Series } from '../../../../scripts/pictures/model.ts';
import { renderPage } from '../../../../scripts/pictures/page.ts';
import { root } from '../../../kit/environments.ts';

const read = (uid: string): Dashboard =>
  JSON.parse(readFileSync(join(root, `dashboards/json/prod/${uid}.json`), 'utf8')) as Dashboard;

const hourMs = 3_600_000;
const range = { from: 0, to: 48 * hourMs, step: hourMs };

/** An answer to a query: a sample an hour. */
const answer = (refId: string, labels: Series['labels'], value: number): Series => ({
  ...{ refId, labels, name: Object.values(labels).join(' ') },
  points: Array.from({ length: 49 }, (_, hour) => [hour * hourMs, value]),
});

const draw = (dashboard: Dashboard, dataOf: (panel: Panel) => readonly Series[]): string =>
  renderPage(dashboard, { environment: 'prod' }, dashboard.panels.map(dataOf), range);

describe('values', () => {
  test.each([
    [5400, 's', '1.5 hours'],
    [0.25, 's', '250 ms'],
    [0, 's', '0 s'],
    [-90, 's', '-1.5 min'],
    [1536, 'bytes', '1.5 KiB'],
    [0.4567, 'percentunit', '45.7 %'],
    [1_234_567, 'short', '1.23 Mil'],
    [Infinity, 's', '∞'],
    [NaN, 's', '–'],
  ])('%d as %s is %s', (value, unit, text) => {
    expect(format(value, { unit })).toBe(text);
  });

  test.each([
    [100, 'short', [0, 50, 100]],
    [3 * 2 ** 20, 'bytes', [0, 2 ** 20, 2 ** 21, 3 * 2 ** 20]],
    [5 * 3600, 's', [0, 7200, 14_400]],
    [1, 'percentunit', [0, 0.5, 1]],
  ])('an axis to %d %s is marked at %p', (top, unit, marks) => {
    expect(ticks(top, unit, 3)).toEqual(marks);
  });
});

test('text is escaped, markup is not', () => {
  expect(html`<b>${'<i>&'}</b>${[html`<u></u>`]}`.text).toBe('<b>&lt;i&gt;&amp;</b><u></u>');
});

describe.each(['backup-monitoring', 'backup-target'])('the picture of %s', (uid) => {
  const dashboard = read(uid);

  test('shows every panel, with and without data', () => {
    const labels = {
      target: 'redis',
      store: '/backup',
      command: 'backup',
      cronjob: 'redis-backup',
      kind: 'keys',
    };
    const full = draw(dashboard, ({ targets = [] }) => targets.map(({ refId }) => answer(refId, labels, 1)));
    const empty = draw(dashboard, () => []);
    for (const { title } of dashboard.panels) {
      expect(full).toContain(title);
      expect(empty).toContain(title);
    }
    expect(full).not.toMatch(/No data|NaN|undefined/);
    expect(empty).toContain('No data');
  });
});

test('a table joins its answers by target, and words and units are those of the column', () => {
  const dashboard = read('backup-monitoring');
  const ofTargets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    redis: { A: 0, B: 7200, C: 0.5 },
    postgresql: { A: 1, B: 90_000, C: 1.2 },
  };
  const page = draw(dashboard, ({ title }) =>
    title === 'Targets'
      ? Object.entries(ofTargets).flatMap(([target, values]) =>
          Object.entries(values).map(([refId, value]) => answer(refId, { target }, value)),
        )
      : [],
  );
  const rows = [...page.matchAll(/<tr>\s*(?:<td.*?)<\/tr>/gs)].map(([row]) =>
    [...row.matchAll(/<td(?: style="color:([^"]+)")?>(.*?)<\/td>/gs)].map(([, colour, text]) => [
      text!.replaceAll(/<[^>]*>/g, '').trim(),
      colour,
    ]),
  );
  expect(rows.map((cells) => cells.slice(0, 4))).toEqual([
    [
      ['postgresql', undefined],
      ['ok', '#73bf69'],
      ['1.04 days', '#ccccdc'],
      ['120 %', '#f2495c'],
    ],
    [
      ['redis', undefined],
      ['failed', '#f2495c'],
      ['2 hours', '#ccccdc'],
      ['50 %', '#73bf69'],
    ],
  ]);
});
