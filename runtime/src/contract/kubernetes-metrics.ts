/**
 * Metrics of kube-state-metrics that alerts and dashboards may select, with their labels.
 * https://github.com/kubernetes/kube-state-metrics/tree/main/docs/metrics/workload (CronJob, Job, Pod)
 */
export const kubernetesMetrics = {
  kube_cronjob_created: ['namespace', 'cronjob'],
  kube_cronjob_next_schedule_time: ['namespace', 'cronjob'],
  kube_cronjob_spec_suspend: ['namespace', 'cronjob'],
  kube_cronjob_status_last_successful_time: ['namespace', 'cronjob'],
  kube_job_complete: ['namespace', 'job_name', 'condition'],
  kube_job_failed: ['namespace', 'job_name', 'condition'],
  kube_job_owner: ['namespace', 'job_name', 'owner_kind', 'owner_name', 'owner_is_controller'],
  kube_job_spec_active_deadline_seconds: ['namespace', 'job_name'],
  kube_job_status_active: ['namespace', 'job_name'],
  kube_job_status_start_time: ['namespace', 'job_name'],
  kube_pod_owner: ['namespace', 'pod', 'uid', 'owner_kind', 'owner_name', 'owner_is_controller'],
  kube_pod_status_phase: ['namespace', 'pod', 'uid', 'phase'],
} as const;

export type KubernetesMetric = keyof typeof kubernetesMetrics;
