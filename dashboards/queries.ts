import type { KubernetesMetric } from '../runtime/src/contract/kubernetes-metrics.ts';
import { metrics, type Metric } from '../runtime/src/contract/metrics.ts';
import { daySeconds } from '../runtime/src/contract/time.ts';
import { environment, per, perTarget, since } from './selectors.ts';
import { variables } from './variables.ts';

/** PromQL of the dashboards, as named functions. */

/** Series of kube-state-metrics, of the namespace that is chosen. */
const kubernetes = (metric: KubernetesMetric, more = ''): string =>
  `${metric}{namespace="$${variables.namespace}"${more && `, ${more}`}}`;

const perStore = ({ name }: Metric): string => `max by (store) (${name}{${environment}})`;

/** What a loss now would lose: time since the start of the newest archive. */
export const recoveryPointAge = (): string => since(perTarget(metrics.recoveryPoint));

/** 1 = as old as the objective allows. */
export const ageOfRpo = (): string => `(${recoveryPointAge()}) / ${perTarget(metrics.rpo)}`;

export const rpoSeconds = (): string => perTarget(metrics.rpo);

/** Share of the targets whose newest archive is no older than allowed; one without any archive is not. */
export const withinRpo = (): string =>
  `(count(${ageOfRpo()} <= 1) or vector(0)) / count(${perTarget(metrics.rpo)})`;

export const oldestOfRpo = (): string => `max(${ageOfRpo()})`;

/** Commands whose last run failed. */
export const failingRuns = (): string => `count(${runSuccess()} == 0) or vector(0)`;

export const runSuccess = (): string => per('target, command', metrics.lastRunOk);

/** Of one command: `backup`, `verify`, `drill`. */
export const lastRunOk = (command: string): string => perTarget(metrics.lastRunOk, `command="${command}"`);

export const lastRunExitCode = (): string => per('command', metrics.lastRunExitCode);

export const lastRunAge = (): string => since(per('command', metrics.lastRunAt));

export const lastRunSeconds = (): string => per('command', metrics.lastRunDuration);

export const runSuccessByCommand = (): string => per('command', metrics.lastRunOk);

export const untilNextRun = (): string => `${perTarget(metrics.nextRunAt)} - time()`;

export const verifiedAge = (): string => since(perTarget(metrics.lastVerifiedAt));

/** Archives that are not what they should be: no key opens them, or their manifest fails authentication. */
export const badArchives = (): string =>
  `sum(${perTarget(metrics.broken)}) + sum(${perTarget(metrics.withoutKey)})`;

export const brokenArchives = (): string => perTarget(metrics.broken);

export const archivesWithoutKey = (): string => perTarget(metrics.withoutKey);

export const goodDrillAge = (): string => since(perTarget(metrics.lastGoodDrillAt));

export const lastDrillOk = (): string => perTarget(metrics.lastDrillOk);

/** Seconds that the last drill took to restore. */
export const measuredRto = (): string => perTarget(metrics.measuredRto);

export const rtoSeconds = (): string => perTarget(metrics.rto);

/** 1 = as long as the objective allows. */
export const measuredOfRto = (): string => `${measuredRto()} / ${rtoSeconds()}`;

export const slowestOfRto = (): string => `max(${measuredOfRto()})`;

export const durationSeconds = (): string => perTarget(metrics.duration);

export const sourceBytes = (): string => perTarget(metrics.sourceBytes);

export const archiveBytes = (): string => perTarget(metrics.archiveBytes);

/** Archive over source: data that no longer compresses may have been encrypted by somebody else. */
export const compressionRatio = (): string => `${archiveBytes()} / ${sourceBytes()}`;

/** Newest archive over the median of the seven before it. */
export const sizeRatio = (): string => perTarget(metrics.sizeRatio);

/** Rows, keys, points: what the newest archive holds. */
export const items = (): string => per('target, kind', metrics.items);

export const anomalies = (): string => perTarget(metrics.anomalies);

export const archivesByTier = (): string => `sum by (tier) (${per('target, tier', metrics.archives)})`;

export const archivesOfTier = (tier: string): string => perTarget(metrics.archives, `tier="${tier}"`);

export const bytesByTarget = (): string => `sum by (target) (${per('target, tier', metrics.tierBytes)})`;

export const bytesByTier = (): string => per('tier', metrics.tierBytes);

/** How far back one can go. */
export const oldestArchiveAge = (): string =>
  since(`min by (target) (${per('target, tier', metrics.tierOldest)})`);

export const retentionFrozen = (): string => perTarget(metrics.retentionFrozen);

/** How long the run has lasted that holds the target's lock; no series where none does. */
export const lockAge = (): string => since(per('target, state', metrics.lockTakenAt));

/** 1 with what the newest archive is as labels. */
export const newestArchive = (): string => per('target, archive, key_id, server_version', metrics.newestInfo);

export const storeBytes = (): string => perStore(metrics.storeBytes);

export const storeFreeBytes = (): string => perStore(metrics.storeFreeBytes);

/** Free space some days from now, if it goes on as in the last week; 0 where there would be none. */
export const storeFreeBytesIn = (days: number): string =>
  `clamp_min(max by (store) (predict_linear(${metrics.storeFreeBytes.name}{${environment}}[7d], ${days * daySeconds})), 0)`;

export const storeUsedShare = (): string => `1 - ${storeFreeBytes()} / ${perStore(metrics.storeSizeBytes)}`;

/** By the growth of all targets under their retention; infinite beyond the forecast. */
export const storeFullSeconds = (): string => perStore(metrics.storeFullSeconds);

export const soonestFull = (): string => `min(${storeFullSeconds()})`;

export const storeUp = (): string => perStore(metrics.storeUp);

/** Archives of the primary store that a replica lacks. */
export const replicaMissing = (): string => per('store, target', metrics.replicaMissing);

export const replicaMissingOfTarget = (): string => `sum by (target) (${replicaMissing()})`;

/** Whether the newest notification of each channel was delivered. */
export const notified = (): string => `max by (channel) (${metrics.notified.name}{${environment}})`;

/** Everything on the page is at most this old. */
export const exporterAge = (): string => since(`max(${metrics.refreshedAt.name}{${environment}})`);

/** From kube-state-metrics. Share of the finished Jobs that Kubernetes still keeps, by CronJob, that succeeded. */
export const jobSuccessRatio = (): string => {
  const owned = `max by (job_name, owner_name) (${kubernetes('kube_job_owner', 'owner_kind="CronJob"')})`;
  const finished = (metric: KubernetesMetric): string =>
    `sum by (owner_name) (max by (job_name) (${kubernetes(metric, 'condition="true"')})` +
    ` * on (job_name) group_left (owner_name) ${owned})`;
  const [complete, failed] = [finished('kube_job_complete'), finished('kube_job_failed')];
  const all = `(${complete} or 0 * ${failed}) + (${failed} or 0 * ${complete})`;
  return renamed(`(${complete} or 0 * ${failed}) / (${all})`);
};

/** The table's rows are CronJobs, which `kube_job_owner` calls owners. */
const renamed = (expression: string): string =>
  `label_replace(${expression}, "cronjob", "$1", "owner_name", "(.+)")`;

const perCronJob = (metric: KubernetesMetric): string => `max by (cronjob) (${kubernetes(metric)})`;

export const cronJobSucceededAge = (): string =>
  since(perCronJob('kube_cronjob_status_last_successful_time'));

export const untilCronJob = (): string => `${perCronJob('kube_cronjob_next_schedule_time')} - time()`;

export const cronJobSuspended = (): string => perCronJob('kube_cronjob_spec_suspend');
