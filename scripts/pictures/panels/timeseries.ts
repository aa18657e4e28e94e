import { colour, seriesColour } from '../colours.ts';
import { format, ticks } from '../format.ts';
import { html, type Html } from '../html.ts';
import { defaultsOf, type Drawing, type Series } from '../model.ts';
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

const rowHeight = 20;

/** Parts of a whole on top of each other: each with the sum of those below it. */
const stack = (series: readonly Series[]): readonly Points[] => {
  const below = new Map<number, number>();
  return series.map(({ points }) =>
    points.map(([time, value]) => {
      below.set(time, (below.get(time) ?? 0) + value);
      return [time, below.get(time)!] as const;
    }),
  );
};

const legend = ({ panel, series }: Drawing): Html => {
  const config = defaultsOf(panel);
  const calcs = (panel.options?.legend?.calcs ?? []).map((id) => calculations[id]!);
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

/** Lines over time, or areas where they are stacked. */
export const timeseries = (drawing: Drawing): Html => {
  const { panel, series, range, width, height } = drawing;
  const config = defaultsOf(panel);
  if (series.length === 0) return html`<div class="none">${config.noValue ?? 'No data'}</div>`;
  const area: Area = {
    left: 70,
    right: width - 14,
    top: 8,
    bottom: height - 26 - rowHeight * (series.length + 1),
  };
  const drawn =
    config.custom?.stacking?.mode === 'normal' ? stack(series) : series.map(({ points }) => points);
  const limit = config.custom?.thresholdsStyle ? config.thresholds?.steps.at(-1)?.value : undefined;
  const largest = Math.max(
    ...drawn.flatMap((points) => points.map(([, value]) => value)).filter(Number.isFinite),
    limit ?? 0,
  );
  const top = (largest || 1) * 1.08;
  const x = xOf(range, area);
  const y = (value: number): number => area.bottom - ((area.bottom - area.top) * value) / top;
  const path = (points: Points): string =>
    points
      .map(([time, value], index) => `${index ? 'L' : 'M'}${x(time).toFixed(1)} ${y(value).toFixed(1)}`)
      .join('');
  const shapes = drawn.map((points, index) => {
    const [first, final] = [x(points[0]![0]), x(points.at(-1)![0])];
    const below = `L${final.toFixed(1)} ${area.bottom}L${first.toFixed(1)} ${area.bottom}Z`;
    const opacity = (config.custom?.fillOpacity ?? 0) / 100;
    return html`<path d="${path(points) + below}" fill="${seriesColour(index)}" fill-opacity="${opacity}" />
      <path d="${path(points)}" fill="none" stroke="${seriesColour(index)}" stroke-width="2" />`;
  });
  const dashed =
    limit === undefined || limit === null
      ? html``
      : html`<line
          x1="${area.left}"
          x2="${area.right}"
          y1="${y(limit)}"
          y2="${y(limit)}"
          stroke="${colour('red')}"
          stroke-dasharray="6 4"
        />`;
  const labels = ticks(top, config.unit, 4).map(
    (value) => [y(value), format(value, { unit: config.unit ?? 'none' })] as const,
  );
  return html`<svg width="${width}" height="${area.bottom + 26}">
      ${timeAxis(range, area)}${valueAxis(labels, area)}${shapes.toReversed()}${dashed}</svg
    >${legend(drawing)}`;
};
