import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  ReduceDataOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Panel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Variable through which one dashboard serves any Prometheus. */
export const datasourceVariable = 'datasource';

const datasource = { type: 'prometheus', uid: `\${${datasourceVariable}}` };

/** A panel: one query, one unit, and what it tells. */
export interface Graph {
  readonly title: string;
  readonly description: string;
  readonly query: string;
  /** Label of each line: `{{target}}`. */
  readonly legend: string;
  /** Grafana's unit: `s`, `bytes`, `percentunit`. */
  readonly unit: string;
  /** Columns of 24. */
  readonly width: number;
}

interface Steps {
  readonly warn: number;
  readonly alarm: number;
  /** True where more is better. */
  readonly moreIsBetter?: boolean;
}

const queryOf = ({ query, legend }: Graph) =>
  new DataqueryBuilder().expr(query).legendFormat(legend).refId('A').datasource(datasource);

const colours = ({ warn, alarm, moreIsBetter }: Steps) => {
  const [base, middle, top] = moreIsBetter ? ['red', 'orange', 'green'] : ['green', 'orange', 'red'];
  const [first, second] = moreIsBetter ? [alarm, warn] : [warn, alarm];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
    { value: null, color: base },
    { value: first, color: middle },
    { value: second, color: top },
  ] as never);
};

/** The newest value of each series, coloured by thresholds. */
export const stat = (graph: Graph, steps: Steps): Builder<Panel> =>
  new StatBuilder()
    .title(graph.title)
    .description(graph.description)
    .datasource(datasource)
    .withTarget(queryOf(graph).instant())
    .unit(graph.unit)
    .span(graph.width)
    .height(5)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Background)
    .thresholds(colours(steps));

export const lines = (graph: Graph): Builder<Panel> =>
  new TimeseriesBuilder()
    .title(graph.title)
    .description(graph.description)
    .datasource(datasource)
    .withTarget(queryOf(graph).range())
    .unit(graph.unit)
    .span(graph.width)
    .height(8)
    .min(0);
