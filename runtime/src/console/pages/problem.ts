import { html } from 'hono/html';
import type { Problem } from '../server/problem.ts';
import { layout, type Markup } from './layout.ts';

/** Why there is no page. */
export const problemPage = ({ title, detail, hint, code }: Problem): Markup =>
  layout({
    title: 'Not shown',
    content: html`<p>${title}</p>
      <p role="alert">${detail} <code>${code}</code></p>
      <p>${hint}</p>
      <p><a href="/">Overview</a></p>`,
  });
