import type { Metric } from '../contract/metrics.ts';
import { mustExist } from '../core/must-exist.ts';
import type { Sample } from './sample.ts';

/** Absent where it is not known: the metric has no sample then. */
export type Value = number | boolean | undefined;

/** A value beside others of its metric, which labels tell apart. */
export interface Labelled<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: Value;
}

type More<M extends Metric, Common extends string> = Exclude<M['labels'][number], Common>;

/** How each metric follows from a state: one value, or a list where it has more labels than all of the table. */
export type MetricTable<Metrics extends Readonly<Record<string, Metric>>, State, Common extends string> = {
  readonly [Id in keyof Metrics]: (
    state: State,
  ) => [More<Metrics[Id], Common>] extends [never] ? Value : readonly Labelled<More<Metrics[Id], Common>>[];
};

const labelled = (found: Value | readonly Labelled<string>[]): readonly Labelled<string>[] =>
  typeof found === 'object' ? found : [{ labels: {}, value: found }];

/** The samples of a state. @param metrics definitions of the table's metrics, and of others */
export const samplesFrom = <
  Metrics extends Readonly<Record<string, Metric>>,
  Id extends string & keyof Metrics,
  State,
  Common extends string,
>(
  metrics: Metrics,
  table: MetricTable<Pick<Metrics, Id>, State, Common>,
  common: Readonly<Record<Common, string>>,
  state: State,
): readonly Sample[] =>
  (Object.keys(table) as Id[]).flatMap((id) =>
    labelled(table[id](state)).flatMap(({ labels, value }) =>
      value === undefined
        ? []
        : [
            {
              metric: mustExist<Metric>(metrics[id], `metric ${id}`),
              labels: { ...common, ...labels },
              value: Number(value),
            },
          ],
    ),
  );
