import { meaning } from '../colours.ts';
import { format } from '../format.ts';
import { html, type Html } from '../html.ts';
import { configOf, last, type Drawing, type Panel } from '../model.ts';
import { link } from './values.ts';

interface Organize {
  readonly indexByName: Readonly<Record<string, number>>;
  readonly renameByName: Readonly<Record<string, string>>;
}

const optionsOf = <Options>({ transformations = [] }: Panel, id: string): Options => {
  const found = transformations.find((each) => each.id === id);
  if (!found) throw new Error(`a table without ${id}`);
  return found.options as Options;
};

const cell = (panel: Panel, title: string, value: number | undefined): Html => {
  const config = configOf(panel, title);
  if (value === undefined) return html`<td></td>`;
  const { text, colour } = meaning(value, config);
  return html`<td style="color:${colour}">${text ?? format(value, config)}</td>`;
};

/** Answers joined by one label: a row per value of it, a column per query. */
export const table = ({ panel, series }: Drawing): Html => {
  const by = optionsOf<{ readonly byField: string }>(panel, 'joinByField').byField;
  const { indexByName, renameByName } = optionsOf<Organize>(panel, 'organize');
  const fields = Object.keys(indexByName).toSorted((a, b) => (indexByName[a] ?? 0) - (indexByName[b] ?? 0));
  const keys = [...new Set(series.map(({ labels }) => labels[by] ?? ''))].toSorted();
  const valueOf = (key: string, field: string): number | undefined => {
    const found = series.find(({ labels, refId }) => labels[by] === key && field === `Value #${refId}`);
    return found && last(found);
  };
  const linked = 'links' in configOf(panel, renameByName[by] ?? by);
  const row = (key: string): Html => {
    const cells = fields
      .slice(1)
      .map((field) => cell(panel, renameByName[field] ?? field, valueOf(key, field)));
    return html`<tr>
      <td>${linked ? link(key) : key}</td>
      ${cells}
    </tr>`;
  };
  return html`<table>
    <tr>
      ${fields.map((field) => html`<th>${renameByName[field] ?? field}</th>`)}
    </tr>
    ${keys.map(row)}
  </table>`;
};
