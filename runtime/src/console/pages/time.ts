import { html } from 'hono/html';
import { formatTime } from '../../core/units.ts';
import type { Markup } from './layout.ts';

/** A time in UTC; a script may add the reader's own. */
export const time = (iso: string | undefined): Markup =>
  iso === undefined ? html`–` : html`<time datetime="${iso}">${formatTime(iso)}</time>`;
