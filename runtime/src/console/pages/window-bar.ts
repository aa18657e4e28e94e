import { html } from 'hono/html';
import { formatTime } from '../../core/units.ts';
import type { Markup } from './layout.ts';

/** Instants that can be restored, and archives beside them. */
export interface Recoverable {
  /** Oldest first; what lies between two is a gap. */
  readonly windows: readonly { readonly from: string; readonly to: string }[];
  /** Starts of archives. */
  readonly points: readonly string[];
  readonly now: Date;
}

const [width, height] = [1000, 40];
const barTop = 14;

const oldestOf = ({ windows, points }: Recoverable): number =>
  Math.min(...[...windows.map(({ from }) => from), ...points].map((time) => Date.parse(time)));

/** In words, for those who do not see the bar. */
const wordsOf = ({ windows, points }: Recoverable): string => {
  const archives = `${points.length} archives`;
  if (windows.length === 0) return `${archives}; no instant between them can be restored`;
  const spans = windows.map(({ from, to }) => `${formatTime(from)} to ${formatTime(to)}`);
  return `any instant from ${spans.join(', and from ')}; ${archives}`;
};

/** A bar from the oldest that can be restored until now: instants filled, gaps empty, a tick for each archive. Empty where there is nothing. */
export const windowBar = (recoverable: Recoverable): Markup | '' => {
  const { windows, points, now } = recoverable;
  if (windows.length + points.length === 0) return '';
  const oldest = oldestOf(recoverable);
  const span = Math.max(1, now.getTime() - oldest);
  const at = (time: string): number => Math.round(((Date.parse(time) - oldest) / span) * width);
  const filled = windows.map(
    ({ from, to }) =>
      html`<rect
        class="window"
        x="${at(from)}"
        y="${barTop}"
        width="${Math.max(2, at(to) - at(from))}"
        height="18"
      />`,
  );
  const ticks = points.map(
    (time) => html`<rect class="point" x="${at(time)}" y="4" width="2" height="${height - 8}" />`,
  );
  return html`<svg
    class="window-bar"
    role="img"
    aria-label="${wordsOf(recoverable)}"
    viewBox="0 0 ${width} ${height}"
    preserveAspectRatio="none"
  >
    <rect class="gap" x="0" y="${barTop}" width="${width}" height="18" />
    ${filled} ${ticks}
  </svg>`;
};
