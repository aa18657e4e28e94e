import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { TableCellDisplayMode, TableCellHeight } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  type DynamicConfigValue,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { mappings, neutral, type Steps, type Words } from './style.ts';
import { datasource } from './variables.ts';

/** A column: one value per row. */
export interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  readonly words?: Words;
}

export interface Table {
  readonly title: string;
  readonly description: string;
  /** Label that makes the rows, and the head of its column. */
  readonly by: string;
  readonly rows: string;
  /** Where a click on a row leads. */
  readonly link?: { readonly title: string; readonly url: string };
  readonly columns: readonly Column[];
  readonly width: number;
  readonly height: number;
}

const refId = (index: number): string => String.fromCharCode('A'.charCodeAt(0) + index);

const queryOf = ({ expr }: Column, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .expr(expr)
    .instant()
    .format(PromQueryFormat.Table)
    .refId(refId(index))
    .datasource(datasource);

/** Grafana names the value of query A `Value #A`. */
const fieldOf = (index: number): string => `Value #${refId(index)}`;

const rename = ({ by, rows, columns }: Table): Record<string, string> => ({
  [by]: rows,
  ...Object.fromEntries(columns.map(({ title }, index) => [fieldOf(index), title])),
});

const order = ({ by, columns }: Table): Record<string, number> => ({
  [by]: 0,
  ...Object.fromEntries(columns.map((_, index) => [fieldOf(index), index + 1])),
});

const propertiesOf = ({ unit, decimals, steps = neutral, words }: Column): DynamicConfigValue[] => [
  { id: 'unit', value: unit },
  ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
  ...(words ? [{ id: 'mappings', value: mappings(words) }] : []),
  { id: 'thresholds', value: { mode: 'absolute', steps: steps.map(([value, color]) => ({ value, color })) } },
  { id: 'custom.cellOptions', value: { type: TableCellDisplayMode.ColorText } },
];

/** One row per value of a label, one query per column. */
export const table = (content: Table): Builder<Panel> => {
  const { title, description, by, rows, link, columns, width, height } = content;
  const builder = new TableBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .span(width)
    .height(height)
    .cellHeight(TableCellHeight.Sm)
    .showHeader(true)
    .targets(columns.map(queryOf))
    .withTransformation({ id: 'joinByField', options: { byField: by, mode: 'outer' } })
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: Object.keys(order(content)) } },
    })
    .withTransformation({
      id: 'organize',
      options: { indexByName: order(content), renameByName: rename(content) },
    });
  columns.forEach((column) => builder.overrideByName(column.title, propertiesOf(column)));
  if (link)
    builder.overrideByName(rows, [
      { id: 'links', value: [new DashboardLinkBuilder(link.title).url(link.url).build()] },
    ]);
  return builder;
};
