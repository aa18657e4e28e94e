import { meaning } from '../colours.ts';
import { html, type Html } from '../html.ts';
import { defaultsOf, type Drawing, type Series } from '../model.ts';
import { timeAxis, xOf, type Area } from './axes.ts';

interface Band {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** Neighbours of one value as one band; a gap in the samples ends it. */
const bandsOf = ({ points }: Series, step: number): readonly Band[] =>
  points.reduce<Band[]>((bands, [time, value]) => {
    const open = bands.at(-1);
    const joins = open?.value === value && time - open.to <= step;
    return joins
      ? [...bands.slice(0, -1), { ...open, to: time }]
      : [...bands, { from: time, to: time + step, value }];
  }, []);

/** A row of bands per series, coloured by state. */
export const timeline = ({ panel, series, range, width, height }: Drawing): Html => {
  const config = defaultsOf(panel);
  const area: Area = { left: 190, right: width - 14, top: 6, bottom: height - 52 };
  const rowHeight = (area.bottom - area.top) / series.length;
  const x = xOf(range, area);
  const rows = series.map((each, index) => {
    const y = area.top + rowHeight * index;
    const bands = bandsOf(each, range.step).map(({ from, to, value }) => {
      const [left, right] = [Math.max(area.left, x(from)), Math.min(area.right, x(to))];
      return html`<rect
        x="${left.toFixed(1)}"
        y="${y + rowHeight * 0.12}"
        width="${Math.max(0, right - left).toFixed(1)}"
        height="${rowHeight * 0.76}"
        fill="${meaning(value, config).colour}"
        fill-opacity="0.9"
      />`;
    });
    return html`<text x="${area.left - 10}" y="${y + rowHeight / 2 + 4}" text-anchor="end">${each.name}</text
      >${bands}`;
  });
  const words = Object.values(config.mappings?.[0]?.options ?? {});
  const legend = words.map(({ text, color }) => {
    const { colour } = meaning(NaN, { thresholds: { steps: [{ value: null, color }] } });
    return html`<span><i style="background:${colour}"></i>${text}</span>`;
  });
  return html`<svg width="${width}" height="${height - 26}">${timeAxis(range, area)}${rows}</svg>
    <div class="words">${legend}</div>`;
};
