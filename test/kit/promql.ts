import { parser } from '@prometheus-io/lezer-promql';

/** Metric names an expression selects. @throws Error where it does not parse, with the place */
export const metricsIn = (expression: string): readonly string[] => {
  const found: string[] = [];
  parser.parse(expression).iterate({
    enter: ({ name, type, from, to, node }) => {
      if (type.isError)
        throw new Error(
          `no PromQL at ${from}: ${expression.slice(0, from)}⟨${expression.slice(from, to + 20)}⟩`,
        );
      if (name === 'Identifier' && node.parent?.name === 'VectorSelector')
        found.push(expression.slice(from, to));
    },
  });
  return found;
};

/**
 * Metrics of other programs that queries may use.
 * https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload (Job, CronJob),
 * https://kubernetes.io/docs/reference/instrumentation/metrics/ (kubelet).
 */
export const foreignMetrics = [
  'kube_cronjob_created',
  'kube_cronjob_next_schedule_time',
  'kube_cronjob_spec_suspend',
  'kube_cronjob_status_last_successful_time',
  'kube_job_complete',
  'kube_job_failed',
  'kube_job_owner',
  'kube_job_status_start_time',
  'kubelet_volume_stats_available_bytes',
  'kubelet_volume_stats_capacity_bytes',
];
