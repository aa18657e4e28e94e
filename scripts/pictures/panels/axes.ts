import { html, type Html } from '../html.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import type { Range } from '../model.ts';

/** Area of a chart inside its SVG, in pixels. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const xOf = ({ from, to }: Range, { left, right }: Area) => {
  const perMs = (right - left) / (to - from);
  return (time: number): number => left + (time - from) * perMs;
};

/** Midnights, UTC, not closer than 60 pixels. */
const days = (range: Range, area: Area): readonly number[] => {
  const x = xOf(range, area);
  const first = Math.ceil(range.from / dayMs) * dayMs;
  const every = Math.ceil(60 / (x(first + dayMs) - x(first))) * dayMs;
  return Array.from(
    { length: Math.floor((range.to - first) / every) + 1 },
    (_, index) => first + index * every,
  );
};

const grid = '#2c3235';

export const timeAxis = (range: Range, area: Area): Html => {
  const x = xOf(range, area);
  return html`${days(range, area).map((time) => {
    const at = x(time).toFixed(1);
    return html`<line x1="${at}" x2="${at}" y1="${area.top}" y2="${area.bottom}" stroke="${grid}" />
      <text x="${at}" y="${area.bottom + 16}" text-anchor="middle"
        >${new Date(time).toISOString().slice(5, 10)}</text
      >`;
  })}`;
};

/** @param labels text by height in pixels */
export const valueAxis = (
  labels: readonly (readonly [y: number, text: string])[],
  { left, right }: Area,
): Html =>
  html`${labels.map(
    ([y, text]) =>
      html`<line x1="${left}" x2="${right}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" stroke="${grid}" />
        <text x="${left - 8}" y="${(y + 4).toFixed(1)}" text-anchor="end">${text}</text>`,
  )}`;
