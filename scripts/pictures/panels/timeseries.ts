import { mustExist } from '../../../runtime/src/core/must-exist.ts';
import { colour, seriesColour } from '../colours.ts';
import { format, ticks } from '../format.ts';
import { html, type Html } from '../html.ts';
import { defaultsOf, type Drawing, type FieldConfig, type Series } from '../model.ts';
import { timeAxis, valueAxis, xOf, type Area } from './axes.ts';

type Points = Series['points'];

const calculations: Readonly<
  Record<string, readonly [name: string, of: (values: readonly number[]) => number]>
> = {
  lastNotNull: ['Last', (values) => values.at(-1) ?? NaN],
  max: ['Max', (values) => Math.max(...values)],
  min: ['Min', (values) => Math.min(...values)],
  mean: ['Mean', (values) => values.reduce((sum, value) => sum + value, 0) / values.length],
};

/** Pixels of a row of the legend, around it, and of the labels below the axis. */
const [rowHeight, legendHeight, axisHeight] = [20, 12, 26];

/** A line, and the one that its area reaches down to: of parts of a whole, the part below. */
interface Shape {
  readonly line: Points;
  readonly floor: Points;
}

const flat = (points: Points): Points => points.map(([time]) => [time, 0]);

const stacked = (series: readonly Series[]): readonly Shape[] => {
  const below = new Map<number, number>();
  return series.map(({ points }) => {
    const floor = points.map(([time]) => [time, below.get(time) ?? 0] as const);
    const line = points.map(([time, value], index) => [time, (floor[index]?.[1] ?? 0) + value] as const);
    for (const [time, value] of line) below.set(time, value);
    return { line, floor };
  });
};

const legend = ({ panel, series }: Drawing): Html => {
  const config = defaultsOf(panel);
  const calcs = (panel.options?.legend?.calcs ?? []).map((id) =>
    mustExist(calculations[id], `calculation ${id}`),
  );
  const head = calcs.map(([name]) => html`<th>${name}</th>`);
  const rows = series.map(({ name, points }, index) => {
    const values = points.map(([, value]) => value);
    const cells = calcs.map(([, of]) => html`<td>${format(of(values), config)}</td>`);
    return html`<tr>
      <td><i style="background:${seriesColour(index)}"></i>${name}</td>
      ${cells}
    </tr>`;
  });
  return html`<table class="legend">
    <tr>
      <th></th>
      ${head}
    </tr>
    ${rows}
  </table>`;
};

/** Value by which nothing is higher on the axis. */
const topOf = (shapes: readonly Shape[], limit: number): number => {
  const values = shapes.flatMap(({ line }) => line.map(([, value]) => value)).filter(Number.isFinite);
  return (Math.max(...values, limit) || 1) * 1.08;
};

const limitOf = ({ custom, thresholds }: FieldConfig): number | undefined =>
  custom?.thresholdsStyle ? (thresholds?.steps.at(-1)?.value ?? undefined) : undefined;

const limitLine = (y: number, { left, right }: Area): Html =>
  html`<line
    x1="${left}"
    x2="${right}"
    y1="${y}"
    y2="${y}"
    stroke="${colour('red')}"
    stroke-dasharray="6 4"
  />`;

/** Lines over time, or areas on top of each other where they are stacked. */
export const timeseries = (drawing: Drawing): Html => {
  const { panel, series, range, width, height } = drawing;
  const config = defaultsOf(panel);
  if (series.length === 0) return html`<div class="none">${config.noValue ?? 'No data'}</div>`;
  const bottom = height - axisHeight - legendHeight - rowHeight * (series.length + 1);
  const area: Area = { left: 70, right: width - 14, top: 8, bottom };
  const isStacked = config.custom?.stacking?.mode === 'normal';
  const shapes = isStacked
    ? stacked(series)
    : series.map(({ points }) => ({ line: points, floor: flat(points) }));
  const limit = limitOf(config);
  const top = topOf(shapes, limit ?? 0);
  const x = xOf(range, area);
  const y = (value: number): number => area.bottom - ((area.bottom - area.top) * value) / top;
  const through = (points: Points): string =>
    points.map(([time, value]) => `${x(time).toFixed(1)} ${y(value).toFixed(1)}`).join('L');
  const opacity = (config.custom?.fillOpacity ?? 0) / 100;
  const paths = shapes.map(({ line, floor }, index) => {
    const outline = `M${through(line)}L${through(floor.toReversed())}Z`;
    return html`<path d="${outline}" fill="${seriesColour(index)}" fill-opacity="${opacity}" />
      <path d="M${through(line)}" fill="none" stroke="${seriesColour(index)}" stroke-width="2" />`;
  });
  const marks = ticks(top, config.unit, 4).map(
    (value) => [y(value), format(value, { unit: config.unit ?? 'none' })] as const,
  );
  return html`<svg width="${width}" height="${area.bottom + axisHeight}">
      ${timeAxis(range, area)}${valueAxis(marks, area)}${paths}${limit === undefined ? '' : limitLine(y(limit), area)}</svg
    >${legend(drawing)}`;
};
