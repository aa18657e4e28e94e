import { html } from 'hono/html';
import type { Markup } from './layout.ts';

type Cell = Markup | string | number;

interface Table {
  /** What it lists, for those who do not see the page. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly Markup[];
}

/** A row whose first cell names it. @param kind class that colours its verdict; @default none */
export const row = ([head = '', ...cells]: readonly Cell[], kind = ''): Markup =>
  html`<tr class="${kind}">
    <th scope="row">${head}</th>
    ${cells.map((cell) => html`<td>${cell}</td>`)}
  </tr>`;

export const table = ({ caption, columns, rows }: Table): Markup =>
  html`<table>
    <caption class="hidden">
      ${caption}
    </caption>
    <thead>
      <tr>
        ${columns.map((column) => html`<th scope="col">${column}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
