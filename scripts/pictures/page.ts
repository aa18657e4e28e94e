import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { Html, html } from './html.ts';
import type { Dashboard, Drawing, Panel, Range, Series } from './model.ts';
import { table } from './panels/table.ts';
import { timeline } from './panels/timeline.ts';
import { timeseries } from './panels/timeseries.ts';
import { bargauge, stat } from './panels/values.ts';

/** Width of the page, as of a laptop's screen, and Grafana's grid: 24 columns, rows of 30 pixels, gaps of 8. */
export const pageWidth = 1600;
const [columns, rowPixels, gap, margin] = [24, 30, 8, 16];
const headPixels = 96;
/** `--title` of style.css. */
const titlePixels = 34;

const draw: Readonly<Record<string, (drawing: Drawing) => Html>> = {
  stat,
  bargauge,
  table,
  timeseries,
  'state-timeline': timeline,
};

const style = new Html(`<style>${readFileSync(join(import.meta.dirname, 'style.css'), 'utf8')}</style>`);

const columnPixels = (pageWidth - 2 * margin + gap) / columns;

const boxOf = ({ gridPos: { x, y, w, h } }: Panel) => ({
  left: margin + x * columnPixels,
  top: headPixels + y * (rowPixels + gap),
  width: w * columnPixels - gap,
  height: h * (rowPixels + gap) - gap,
});

const section = (panel: Panel, series: readonly Series[], range: Range): Html => {
  const { left, top, width, height } = boxOf(panel);
  const place = `left:${left}px;top:${top}px;width:${width}px;height:${height}px`;
  if (panel.type === 'row') return html`<section class="row" style="${place}">⌄ ${panel.title}</section>`;
  const drawn = mustExist(
    draw[panel.type],
    `drawing of ${panel.type}`,
  )({ panel, series, range, width: width - 2, height: height - titlePixels });
  return html`<section style="${place}">
    <h2>${panel.title}</h2>
    ${drawn}
  </section>`;
};

/** The height that a dashboard takes. */
export const pageHeight = ({ panels }: Dashboard): number =>
  Math.max(...panels.map(boxOf).map(({ top, height }) => top + height)) + margin;

/** A dashboard as a page. @param chosen text of each variable by name @param data answers in the order of the panels */
export const renderPage = (
  { title, templating, links, panels }: Dashboard,
  chosen: Readonly<Record<string, string>>,
  data: readonly (readonly Series[])[],
  range: Range,
): string => {
  const shown = templating.list.filter(({ hide }) => hide !== 2);
  const variables = shown.map(({ name, label }) => html`<span><b>${label}</b>${chosen[name] ?? ''}</span>`);
  const buttons = links.map((link) => html`<span>↗ ${link.title}</span>`);
  const sections = panels.map((panel, index) =>
    section(panel, mustExist(data[index], 'data of the panel'), range),
  );
  return html`<!doctype html><meta charset="utf-8" />${style}
    <body>
      <header>
        ${title}
        <div>${variables}${buttons}</div>
      </header>
      ${sections}
    </body>`.text;
};
