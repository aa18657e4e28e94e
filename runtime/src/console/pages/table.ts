import { html } from 'hono/html';
import type { Markup } from './layout.ts';

type Cell = Markup | string | number;

/** A line of a table; its first cell names it. */
export interface Row {
  readonly cells: readonly Cell[];
  /** Class that colours its verdict. */
  readonly kind: string;
}

interface Table {
  /** What it lists, for those who do not see the page. */
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  /** What is said where there is nothing to list. @default There is none. */
  readonly none?: string;
}

/** @param kind class that colours its verdict; @default none */
export const row = (cells: readonly Cell[], kind = ''): Row => ({ cells, kind });

/** On a phone, which has no room for the heads of columns, each cell is led by its own. */
const line =
  (columns: readonly string[]) =>
  ({ cells: [head = '', ...cells], kind }: Row): Markup =>
    html`<tr class="${kind}">
      <th scope="row">${head}</th>
      ${cells.map((cell, index) => html`<td data-column="${columns[index + 1]}">${cell}</td>`)}
    </tr>`;

export const table = ({ caption, columns, rows, none = 'There is none.' }: Table): Markup => {
  if (rows.length === 0) return html`<p>${none}</p>`;
  return html`<table>
    <caption class="hidden">
      ${caption}
    </caption>
    <thead>
      <tr>
        ${columns.map((column) => html`<th scope="col">${column}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(line(columns))}
    </tbody>
  </table>`;
};
