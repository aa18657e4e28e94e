import { metrics, type Metric } from '../runtime/src/contract/metrics.ts';

/** PromQL of the alerts, as named functions; `namespace` is the backup system's. */

const series = (metric: Metric, namespace: string): string => `${metric.name}{namespace="${namespace}"}`;

/** The exporter's pod may have been replaced in the last minutes; only its newest series counts. */
const perTarget = (metric: Metric, namespace: string): string =>
  `max by (namespace, target) (${series(metric, namespace)})`;

/** Age of the newest archive against the objective of its target. */
export const olderThanRpo = (namespace: string): string =>
  `time() - ${perTarget(metrics.lastSuccess, namespace)} > ${perTarget(metrics.rpo, namespace)}`;

/** Targets of the plan without any archive. */
export const neverBackedUp = (namespace: string): string =>
  `${perTarget(metrics.rpo, namespace)} unless on (namespace, target) ${perTarget(metrics.lastSuccess, namespace)}`;

export const verifiedLongAgo = (namespace: string, seconds: number): string =>
  `time() - ${perTarget(metrics.lastVerified, namespace)} > ${seconds}`;

export const neverVerified = (namespace: string): string =>
  `${perTarget(metrics.lastSuccess, namespace)} unless on (namespace, target) ${perTarget(metrics.lastVerified, namespace)}`;

/** Newest archive against the largest of a week. */
export const shrunkBelow = (namespace: string, ratio: number): string =>
  `${series(metrics.archiveBytes, namespace)} < ${ratio} * max_over_time(${series(metrics.archiveBytes, namespace)}[7d])`;

/** Targets whose newest archive is unlike those before it. */
export const unusual = (namespace: string): string => `${perTarget(metrics.anomalies, namespace)} > 0`;

/** Start of the newest failed Job of each CronJob; Jobs made with `kubectl create job --from` are owned too. */
const newestFailure = (namespace: string, cronJobs: readonly string[]): string => {
  const owner = `kube_job_owner{namespace="${namespace}", owner_kind="CronJob", owner_name=~"${cronJobs.join('|')}"}`;
  const failed = `(kube_job_failed{namespace="${namespace}", condition="true"} == 1)`;
  const started =
    `max by (namespace, job_name) (kube_job_status_start_time{namespace="${namespace}"})` +
    ` * on (namespace, job_name) max by (namespace, job_name) ${failed}` +
    ` * on (namespace, job_name) group_left (owner_name) max by (namespace, job_name, owner_name) (${owner})`;
  return `max by (namespace, cronjob) (label_replace(${started}, "cronjob", "$1", "owner_name", "(.+)"))`;
};

/** CronJobs whose newest failure no success has followed. */
export const failedSinceSuccess = (namespace: string, cronJobs: readonly string[]): string => {
  const failure = newestFailure(namespace, cronJobs);
  const success = `max by (namespace, cronjob) (kube_cronjob_status_last_successful_time{namespace="${namespace}"})`;
  return `${failure} unless on (namespace, cronjob) (${failure} < ${success})`;
};

/** Age of a CronJob's last success, or of the CronJob itself if it never had one. */
export const succeededLongAgo = (namespace: string, cronJob: string, seconds: number): string => {
  const newest = (metric: string): string =>
    `max by (namespace, cronjob) (${metric}{namespace="${namespace}", cronjob="${cronJob}"})`;
  const [success, created] = ['kube_cronjob_status_last_successful_time', 'kube_cronjob_created'].map(newest);
  return `time() - (${success} or ${created}) > ${seconds}`;
};

export const suspended = (namespace: string, cronJobs: readonly string[]): string =>
  `kube_cronjob_spec_suspend{namespace="${namespace}", cronjob=~"${cronJobs.join('|')}"} == 1`;

/** The controller has not started a run that was due. */
export const overdue = (namespace: string, cronJobs: readonly string[], seconds: number): string =>
  `time() - kube_cronjob_next_schedule_time{namespace="${namespace}", cronjob=~"${cronJobs.join('|')}"} > ${seconds}`;

export const volumeBelow = (namespace: string, claim: string, ratio: number): string => {
  const selector = `{namespace="${namespace}", persistentvolumeclaim="${claim}"}`;
  return `kubelet_volume_stats_available_bytes${selector} / kubelet_volume_stats_capacity_bytes${selector} < ${ratio}`;
};

/** Free space against the newest archive of every target together. */
export const holdsFewerRounds = (namespace: string, rounds: number): string =>
  `min by (namespace, store) (${series(metrics.storeFreeBytes, namespace)}) < on (namespace) group_left ()` +
  ` ${rounds} * sum by (namespace) (${perTarget(metrics.archiveBytes, namespace)})`;

/** Nobody watches the backups. */
export const exporterSilent = (namespace: string): string => `absent(${series(metrics.rpo, namespace)})`;
