import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId, type Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as BarGaugeBuilder } from '@grafana/grafana-foundation-sdk/bargauge';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimelineBuilder } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { mappings, thresholds, type Steps, type Words } from './style.ts';
import { datasource } from './variables.ts';

export type Panels = readonly Builder<Panel>[];

/** Sizes of most panels: columns of 24, and rows. */
export const tile = { width: 4, height: 4 } as const;
export const third = { width: 8, height: 9 } as const;

export interface Query {
  readonly expr: string;
  /** Name of each series: `{{target}}`. */
  readonly legend: string;
}

/** A single query. @param legend no name where it is empty */
export const one = (expr: string, legend = ''): readonly Query[] => [{ expr, legend }];

/** What every panel says. */
export interface Graph {
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  /** Grafana's unit: `s`, `bytes`, `percentunit`. */
  readonly unit: string;
  /** Columns of 24. */
  readonly width: number;
  readonly height: number;
  /** @default as the unit has it */
  readonly decimals?: number;
  /** Shown where there is no series. @default No data */
  readonly noValue?: string;
}

interface Coloured extends Graph {
  readonly steps: Steps;
  readonly words?: Words;
}

const queryOf = ({ expr, legend }: Query, index: number): DataqueryBuilder =>
  new DataqueryBuilder()
    .expr(expr)
    .legendFormat(legend)
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(datasource);

/** The methods that builders of all kinds share. */
interface Common<Self> {
  readonly title: (title: string) => Self;
  readonly description: (description: string) => Self;
  readonly datasource: (reference: typeof datasource) => Self;
  readonly unit: (unit: string) => Self;
  readonly decimals: (decimals: number) => Self;
  readonly noValue: (text: string) => Self;
  readonly span: (width: number) => Self;
  readonly height: (height: number) => Self;
}

/** Gives a panel what every panel has. */
const described = <Self extends Common<Self>>(builder: Self, graph: Graph): Self => {
  const { title, description, unit, width, height, decimals, noValue } = graph;
  builder.title(title).description(description).datasource(datasource).unit(unit).span(width).height(height);
  if (decimals !== undefined) builder.decimals(decimals);
  return noValue === undefined ? builder : builder.noValue(noValue);
};

const newest = () => new ReduceDataOptionsBuilder().calcs(['lastNotNull']);

const legend = (calcs: readonly string[]) =>
  new VizLegendOptionsBuilder()
    .displayMode(calcs.length > 0 ? LegendDisplayMode.Table : LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([...calcs]);

const allSeries = () => new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi);

interface Tile extends Coloured {
  /** True where the series' name is what there is to see. */
  readonly nameOnly?: boolean;
}

const textMode = ({ queries, nameOnly }: Tile): BigValueTextMode => {
  if (nameOnly) return BigValueTextMode.Name;
  return queries.some(({ legend }) => legend) ? BigValueTextMode.ValueAndName : BigValueTextMode.Value;
};

/** The newest value of each series as a tile, coloured by thresholds or words. */
export const stat = (graph: Tile): Builder<Panel> =>
  described(new StatBuilder(), graph)
    .targets(graph.queries.map((query, index) => queryOf(query, index).instant()))
    .reduceOptions(newest())
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .textMode(textMode(graph))
    .mappings(graph.words ? mappings(graph.words) : [])
    .thresholds(thresholds(graph.steps));

/** The newest value of each series as a bar; @param graph.max is the full bar. */
export const bars = (graph: Coloured & { readonly max: number }): Builder<Panel> =>
  described(new BarGaugeBuilder(), graph)
    .targets(graph.queries.map((query, index) => queryOf(query, index).instant()))
    .reduceOptions(newest())
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .min(0)
    .max(graph.max)
    .thresholds(thresholds(graph.steps));

interface Lines extends Graph {
  /** Columns of the legend's table. @default newest and largest value */
  readonly calcs?: readonly string[];
  /** A dashed line, and red above it. */
  readonly limit?: number;
  /** True for parts of a whole. */
  readonly stacked?: boolean;
}

/** Values over time. */
export const lines = (graph: Lines): Builder<Panel> => {
  const builder = described(new TimeseriesBuilder(), graph)
    .targets(graph.queries.map((query, index) => queryOf(query, index).range()))
    .legend(legend(graph.calcs ?? ['lastNotNull', 'max']))
    .tooltip(allSeries())
    .fillOpacity(graph.stacked ? 40 : 0)
    .lineWidth(2)
    .showPoints(VisibilityMode.Never)
    .spanNulls(true)
    .min(0);
  if (graph.stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (graph.limit === undefined) return builder;
  return builder
    .thresholds(
      thresholds([
        [null, 'transparent'],
        [graph.limit, 'red'],
      ]),
    )
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
};

/** A band per series whose colour is its state at the time. */
export const timeline = (graph: Graph & { readonly words: Words }): Builder<Panel> =>
  described(new TimelineBuilder(), graph)
    .targets(graph.queries.map((query, index) => queryOf(query, index).range()))
    .mappings(mappings(graph.words))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .mergeValues(true)
    .showValue(VisibilityMode.Never)
    .rowHeight(0.8)
    .fillOpacity(90)
    .legend(legend([]))
    .tooltip(allSeries());
