import { html } from 'hono/html';
import type { Markup } from './layout.ts';

/** A part of a page under a heading of its own, which a link can name. */
export const section = (id: string, title: string, content: Markup): Markup =>
  html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section>`;

/** Names and what they stand at. */
export const facts = (pairs: readonly (readonly [name: string, value: Markup | string])[]): Markup =>
  html`<dl>
    ${pairs.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
