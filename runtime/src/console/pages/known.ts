import { html } from 'hono/html';
import { formatSeconds } from '../../core/units.ts';
import type { Knowledge } from '../state/keeper.ts';
import type { Markup } from './layout.ts';
import { time } from './time.ts';

/** How old the knowledge of a page is, and whether the store is away. */
export const knownLine = ({ state, ageSeconds, problem }: Knowledge): Markup =>
  problem === undefined
    ? html`<p class="known">As of ${time(state.at.toISOString())}.</p>`
    : html`<p class="known away" role="alert">
        The store is away: ${problem}. What follows is ${formatSeconds(ageSeconds)} old, as of
        ${time(state.at.toISOString())}.
      </p>`;
