import { html } from 'hono/html';
import { formatSeconds } from '../../core/units.ts';
import type { Knowledge } from '../state/keeper.ts';
import type { Markup } from './layout.ts';
import { time } from './time.ts';

/** Whole stores that could not be read, beside the primary one. */
const awayIn = ({ state }: Knowledge): readonly string[] =>
  state.stores.filter(({ up }) => !up).map(({ location }) => location);

const sentence = ({ state, ageSeconds, reading, problem }: Knowledge): Markup => {
  const asOf = time(state.at.toISOString());
  if (problem !== undefined)
    return html`<p class="known away" role="alert">
      The store is away. What follows is ${formatSeconds(ageSeconds)} old, as of ${asOf}. Why: ${problem}
    </p>`;
  const newer = reading ? html`, ${formatSeconds(ageSeconds)} ago; a newer reading is under way` : '';
  return html`<p class="known">As of ${asOf}${newer}.</p>`;
};

/** How old the knowledge of a page is, and which stores are away. */
export const knownLine = (known: Knowledge): Markup => {
  const away = awayIn(known);
  return html`${sentence(known)}
  ${away.length ? html`<p class="known away" role="alert">A copy is away: ${away.join(', ')}. What it holds is not known.</p>` : ''}`;
};
