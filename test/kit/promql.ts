import { parser } from '@prometheus-io/lezer-promql';
import { kubernetesMetrics } from '../../runtime/src/contract/kubernetes-metrics.ts';

/** A metric that an expression selects, and the labels by which it does. */
export interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What an expression refers to. */
export interface References {
  readonly selectors: readonly Selector[];
  /** Labels of `by`, `on` and `group_left`. */
  readonly grouping: readonly string[];
  /** Labels that `label_replace` makes. */
  readonly made: readonly string[];
}

/** @throws Error where the expression does not parse, with the place */
export const referencesIn = (expression: string): References => {
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ name, type, from, to, node }) => {
      const text = expression.slice(from, to);
      if (type.isError)
        throw new Error(
          `no PromQL at ${from}: ${expression.slice(0, from)}⟨${expression.slice(from, to + 20)}⟩`,
        );
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector')
        selectors.push({ metric: text, labels: [] });
      if (name !== 'LabelName') return;
      if (node.parent?.name === 'GroupingLabels') grouping.push(text);
      else selectors.at(-1)!.labels.push(text);
    },
  });
  const replaced = expression.matchAll(/, "(\w+)", "[^"]*\$\d[^"]*", "\w+", /g);
  return { selectors, grouping, made: [...replaced].map(([, label]) => label!) };
};

/** Metric names an expression selects. @throws Error where it does not parse, with the place */
export const metricsIn = (expression: string): readonly string[] =>
  referencesIn(expression).selectors.map(({ metric }) => metric);

/** Metrics of other programs that queries may use. */
export const foreignMetrics = Object.keys(kubernetesMetrics);
