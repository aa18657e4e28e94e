import { colour, meaning } from '../colours.ts';
import { format } from '../format.ts';
import { html, type Html } from '../html.ts';
import { defaultsOf, last, type Drawing } from '../model.ts';

const nothing = ({ panel }: Drawing): Html =>
  html`<div class="none">${defaultsOf(panel).noValue ?? 'No data'}</div>`;

/** Tiles with the newest value of each series. */
export const stat = (drawing: Drawing): Html => {
  const { panel, series, width, height } = drawing;
  if (series.length === 0) return nothing(drawing);
  const config = defaultsOf(panel);
  const { textMode } = panel.options ?? {};
  const size = Math.min(38, height / 2.6, (width / series.length) * 0.16);
  const tiles = series.map((each) => {
    const { text, colour: tone } = meaning(last(each), config);
    if (textMode === 'name') return html`<div style="color:${tone};font-size:16px">${each.name}</div>`;
    return html`<div>
      <div class="name">${textMode === 'value' ? '' : each.name}</div>
      <div style="color:${tone};font-size:${size}px">${text ?? format(last(each), config)}</div>
    </div>`;
  });
  return html`<div class="stat">${tiles}</div>`;
};

/** A bar per series up to the largest value of the field. */
export const bargauge = (drawing: Drawing): Html => {
  const { panel, series } = drawing;
  if (series.length === 0) return nothing(drawing);
  const config = defaultsOf(panel);
  return html`<div class="bars">
    ${series.map((each) => {
      const share = Math.max(0, Math.min(1, last(each) / (config.max ?? 1)));
      const { colour: tone } = meaning(last(each), config);
      return html`<div class="name">${each.name}</div>
        <div class="track"><div style="width:${share * 100}%;background:${tone}"></div></div>
        <div class="value" style="color:${tone}">${format(last(each), config)}</div>`;
    })}
  </div>`;
};

/** Links are drawn as such. */
export const link = (text: string): Html => html`<span style="color:${colour('blue')}">${text}</span>`;
