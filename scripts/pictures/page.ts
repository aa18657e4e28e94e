import { html, type Html } from './html.ts';
import type { Dashboard, Drawing, Panel, Range, Series } from './model.ts';
import { table } from './panels/table.ts';
import { timeline } from './panels/timeline.ts';
import { timeseries } from './panels/timeseries.ts';
import { bargauge, stat } from './panels/values.ts';

/** Width of the page, as of a laptop's screen, and Grafana's grid: 24 columns, rows of 30 pixels, gaps of 8. */
export const pageWidth = 1600;
const [columns, rowPixels, gap, margin] = [24, 30, 8, 16];
const headPixels = 96;
const titlePixels = 34;

const draw: Readonly<Record<string, (drawing: Drawing) => Html>> = {
  stat,
  bargauge,
  table,
  timeseries,
  'state-timeline': timeline,
};

const style = html`<style>
  * {
    box-sizing: border-box;
    margin: 0;
  }
  body {
    background: #111217;
    color: #ccccdc;
    font:
      13px Inter,
      'DejaVu Sans',
      sans-serif;
    position: relative;
  }
  header {
    padding: 16px;
    font-size: 18px;
  }
  header div {
    display: flex;
    gap: 8px;
    margin-top: 12px;
    font-size: 12px;
  }
  header span {
    border: 1px solid #2c3235;
    border-radius: 2px;
    padding: 5px 10px;
    background: #181b1f;
  }
  header b {
    color: #6e9fff;
    font-weight: normal;
    margin-right: 8px;
  }
  section {
    position: absolute;
    background: #181b1f;
    border: 1px solid #25282d;
    border-radius: 3px;
    overflow: hidden;
  }
  section.row {
    background: none;
    border: none;
    font-size: 15px;
    padding-top: 6px;
  }
  h2 {
    font-size: 13px;
    font-weight: 600;
    padding: 8px 12px;
    height: ${titlePixels}px;
  }
  svg text {
    fill: #a7a8b4;
    font-size: 11px;
  }
  .none {
    color: #8e8e9c;
    text-align: center;
    padding-top: 16px;
    font-size: 16px;
  }
  .stat {
    display: flex;
    justify-content: space-around;
    align-items: center;
    text-align: center;
    height: calc(100% - ${titlePixels}px);
    padding-bottom: 12px;
  }
  .name {
    color: #ccccdc;
    font-size: 12px;
  }
  .bars {
    display: grid;
    grid-template-columns: auto 1fr auto;
    gap: 8px 12px;
    padding: 4px 14px;
    align-items: center;
  }
  .track {
    background: #25282d;
    height: 18px;
  }
  .track div {
    height: 100%;
    opacity: 0.8;
  }
  .value {
    text-align: right;
    font-size: 15px;
  }
  table {
    width: 100%;
    border-collapse: collapse;
  }
  th {
    text-align: left;
    color: #6e9fff;
    font-weight: 500;
    font-size: 12px;
    padding: 6px 12px;
    border-bottom: 1px solid #25282d;
  }
  td {
    padding: 7px 12px;
    border-bottom: 1px solid #25282d;
  }
  .legend {
    font-size: 12px;
  }
  .legend td,
  .legend th {
    padding: 1px 12px;
    border: none;
    text-align: right;
    height: 20px;
  }
  .legend th {
    color: #8e8e9c;
  }
  .legend td:first-child {
    text-align: left;
    width: 70%;
  }
  i {
    display: inline-block;
    width: 14px;
    height: 4px;
    margin-right: 8px;
    vertical-align: middle;
    border-radius: 2px;
  }
  .words {
    text-align: center;
    font-size: 12px;
  }
  .words span {
    margin: 0 10px;
  }
</style>`;

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
  const drawn = draw[panel.type]!({ panel, series, range, width: width - 2, height: height - titlePixels });
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
  const variables = templating.list.map(
    ({ name, label }) => html`<span><b>${label}</b>${chosen[name] ?? ''}</span>`,
  );
  const buttons = links.map((link) => html`<span>↗ ${link.title}</span>`);
  const sections = panels.map((panel, index) => section(panel, data[index]!, range));
  return html`<!doctype html><meta charset="utf-8" />${style}
    <body>
      <header>
        ${title}
        <div>${variables}${buttons}</div>
      </header>
      ${sections}
    </body>`.text;
};
