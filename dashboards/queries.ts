import { metrics, type Metric } from '../runtime/src/contract/metrics.ts';
import { names } from '../runtime/src/contract/names.ts';

/** PromQL of the dashboard, as named functions; `namespace` is the backup system's. */

const per = (label: string, metric: Metric, namespace: string): string =>
  `max by (${label}) (${metric.name}{namespace="${namespace}"})`;

export const ageSeconds = (namespace: string): string =>
  `time() - ${per('target', metrics.lastSuccess, namespace)}`;

/** 1 = as old as the objective allows. */
export const ageOfRpo = (namespace: string): string =>
  `(${ageSeconds(namespace)}) / ${per('target', metrics.rpo, namespace)}`;

export const verifiedSecondsAgo = (namespace: string): string =>
  `time() - ${per('target', metrics.lastVerified, namespace)}`;

/** From kube-state-metrics: a drill is one Job for all targets. */
export const drilledSecondsAgo = (namespace: string): string =>
  `time() - max(kube_cronjob_status_last_successful_time{namespace="${namespace}", cronjob="${names.drill}"})`;

export const durationSeconds = (namespace: string): string => per('target', metrics.duration, namespace);

export const sourceBytes = (namespace: string): string => per('target', metrics.sourceBytes, namespace);

export const archiveBytes = (namespace: string): string => per('target', metrics.archiveBytes, namespace);

export const archives = (namespace: string): string => per('target, tier', metrics.archives, namespace);

export const freeBytes = (namespace: string): string => per('store', metrics.storeFreeBytes, namespace);

/** Share of finished Jobs, among those that Kubernetes still keeps, that succeeded. */
export const jobSuccessRatio = (namespace: string): string => {
  const owned = `max by (job_name, owner_name) (kube_job_owner{namespace="${namespace}", owner_kind="CronJob"})`;
  const ofCronJob = (metric: string): string =>
    `sum by (owner_name) (max by (job_name) (${metric}{namespace="${namespace}", condition="true"})` +
    ` * on (job_name) group_left (owner_name) ${owned})`;
  const [complete, failed] = [ofCronJob('kube_job_complete'), ofCronJob('kube_job_failed')];
  return `${complete} / (${complete} + (${failed} or 0 * ${complete}))`;
};
