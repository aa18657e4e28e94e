import type { KubernetesMetric } from '../runtime/src/contract/kubernetes-metrics.ts';
import { cronJobName, hasIncrements, hourlyCronJobName } from '../runtime/src/contract/names.ts';
import type { AlertContext } from './alert.ts';

/** PromQL of the alerts on what kube-state-metrics tells, as named functions. */

const series = ({ namespace }: AlertContext, metric: KubernetesMetric, more = ''): string =>
  `${metric}{namespace="${namespace}"${more && `, ${more}`}}`;

const any = (label: string, values: readonly string[]): string => `${label}=~"${values.join('|')}"`;

/** A label under another name. */
const renamed = (expression: string, from: string, to: string): string =>
  `label_replace(${expression}, "${to}", "$1", "${from}", "(.+)")`;

/** Something about Jobs as something about their CronJobs; Jobs made with `kubectl create job --from` are owned too. */
const ofCronJobs = (context: AlertContext, jobs: string, cronJobs: readonly string[]): string => {
  const owner = series(context, 'kube_job_owner', `owner_kind="CronJob", ${any('owner_name', cronJobs)}`);
  const owned = `${jobs} * on (job_name) group_left (owner_name) max by (job_name, owner_name) (${owner})`;
  return `max by (cronjob) (${renamed(owned, 'owner_name', 'cronjob')})`;
};

const perJob = (expression: string): string => `max by (job_name) (${expression})`;

/** Start of the newest failed Job of each CronJob. */
const newestFailure = (context: AlertContext, cronJobs: readonly string[]): string => {
  const started = perJob(series(context, 'kube_job_status_start_time'));
  const failed = perJob(`${series(context, 'kube_job_failed', 'condition="true"')} == 1`);
  return ofCronJobs(context, `${started} * on (job_name) ${failed}`, cronJobs);
};

const newestSuccess = (context: AlertContext): string =>
  `max by (cronjob) (${series(context, 'kube_cronjob_status_last_successful_time')})`;

/** CronJobs whose newest failure no success has followed. */
export const failedSinceSuccess = (context: AlertContext, cronJobs: readonly string[]): string => {
  const failure = newestFailure(context, cronJobs);
  return `${failure} unless (${failure} < ${newestSuccess(context)})`;
};

/** As `failedSinceSuccess` for the backups of all targets, by target. */
export const backupFailed = (context: AlertContext): string => {
  const { targets } = context.plan;
  const hourly = targets.filter(hasIncrements).map(({ name }) => hourlyCronJobName(name));
  const cronJobs = [...targets.map(({ name }) => cronJobName(name)), ...hourly];
  const failed = failedSinceSuccess(context, cronJobs);
  return `max by (target) (label_replace(${failed}, "target", "$1", "cronjob", "(.+)-(?:backup|hourly)"))`;
};

/** Age of a CronJob's last success, or of the CronJob itself if it never had one. */
export const succeededLongAgo = (context: AlertContext, cronJob: string, seconds: number): string => {
  const newest = (metric: KubernetesMetric): string =>
    `max by (cronjob) (${series(context, metric, `cronjob="${cronJob}"`)})`;
  const [success, created] = [
    newest('kube_cronjob_status_last_successful_time'),
    newest('kube_cronjob_created'),
  ];
  return `time() - (${success} or ${created}) > ${seconds}`;
};

export const suspended = (context: AlertContext, cronJobs: readonly string[]): string =>
  `max by (cronjob) (${series(context, 'kube_cronjob_spec_suspend', any('cronjob', cronJobs))}) == 1`;

/** The controller has not started a run that was due. */
export const overdue = (context: AlertContext, cronJobs: readonly string[], seconds: number): string => {
  const due = series(context, 'kube_cronjob_next_schedule_time', any('cronjob', cronJobs));
  return `time() - max by (cronjob) (${due}) > ${seconds}`;
};

/** CronJobs with a Job whose pod waits, or that goes on after its deadline. */
export const stuck = (context: AlertContext, cronJobs: readonly string[], lateSeconds: number): string => {
  const pending = `max by (pod) (${series(context, 'kube_pod_status_phase', 'phase="Pending"')} == 1)`;
  const owner = `max by (pod, owner_name) (${series(context, 'kube_pod_owner', 'owner_kind="Job"')})`;
  const waiting = renamed(`${pending} * on (pod) group_left (owner_name) ${owner}`, 'owner_name', 'job_name');
  const [started, deadline, active] = [
    'kube_job_status_start_time',
    'kube_job_spec_active_deadline_seconds',
    'kube_job_status_active',
  ].map((metric) => perJob(series(context, metric as KubernetesMetric)));
  const late = `time() - ${started} > ${deadline} + ${lateSeconds} and ${active} > 0`;
  return ofCronJobs(context, `(${perJob(waiting)} or (${late}))`, cronJobs);
};

/** CronJobs with a Job that is not at its end and has no pod: a quota, or an admission rule, keeps it from having one. */
export const blocked = (context: AlertContext, cronJobs: readonly string[]): string => {
  const [complete, failed] = (['kube_job_complete', 'kube_job_failed'] as const).map((metric) =>
    perJob(`${series(context, metric, 'condition="true"')} == 1`),
  );
  const idle = `${perJob(series(context, 'kube_job_status_active'))} == 0 unless ${complete} unless ${failed}`;
  return ofCronJobs(context, `(${idle})`, cronJobs);
};

/** Fewer CronJobs than there should be: some are deleted, or kube-state-metrics is away. */
export const fewerCronJobs = (context: AlertContext, cronJobs: readonly string[]): string => {
  const found = series(context, 'kube_cronjob_spec_suspend', any('cronjob', cronJobs));
  return `(count(max by (cronjob) (${found})) or vector(0)) < ${cronJobs.length}`;
};
