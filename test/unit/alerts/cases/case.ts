import type { Scenario } from '../../../kit/promtool.ts';

/** A course of events, and what is told at its end if the alert fires. */
export interface Case extends Scenario {
  readonly alert: string;
  readonly story: string;
  readonly fires?: {
    /** Besides those that every alert carries. */
    readonly labels?: Readonly<Record<string, string>>;
    readonly summary: string;
    readonly description: string;
  };
}

export const hour = 3600;
export const day = 24 * hour;

const series = (metric: string, labels: Readonly<Record<string, string>>): string =>
  `${metric}{${Object.entries(labels)
    .map(([key, value]) => `${key}="${value}"`)
    .join(',')}}`;

/** `metric{environment="prod", …}`, as the exporter publishes it. */
export const own = (metric: string, labels: Readonly<Record<string, string>> = {}): string =>
  series(`grill_backup_${metric}`, { environment: 'prod', ...labels });

/** A metric of the target postgresql. */
export const ofTarget = (metric: string, labels: Readonly<Record<string, string>> = {}): string =>
  own(metric, { target: 'postgresql', ...labels });

/** `metric{namespace="grill-stats", …}`, as kube-state-metrics publishes it. */
export const kube = (metric: string, labels: Readonly<Record<string, string>>): string =>
  series(metric, { namespace: 'grill-stats', ...labels });

/** The same value through a whole scenario. */
export const always = (value: number): string => `${value}x1300`;

export const target = { target: 'postgresql' };

export const succeededAt = (cronjob: string) => kube('kube_cronjob_status_last_successful_time', { cronjob });

export const createdAt = (cronjob: string) => kube('kube_cronjob_created', { cronjob });

export const owned = (cronjob: string, job_name: string) => ({
  [kube('kube_job_owner', { job_name, owner_kind: 'CronJob', owner_name: cronjob })]: always(1),
});

/** A failed Job of a CronJob as kube-state-metrics shows it. */
export const failedJob = (cronjob: string, startSeconds: number, job_name = `${cronjob}-1`) => ({
  ...owned(cronjob, job_name),
  [kube('kube_job_failed', { job_name, condition: 'true' })]: always(1),
  [kube('kube_job_failed', { job_name, condition: 'false' })]: always(0),
  [kube('kube_job_status_active', { job_name })]: always(0),
  [kube('kube_job_status_start_time', { job_name })]: always(startSeconds),
});

/** A Job that is not at its end. */
export const openJob = (cronjob: string, active: number, job_name = `${cronjob}-1`) => ({
  ...owned(cronjob, job_name),
  [kube('kube_job_status_active', { job_name })]: always(active),
  [kube('kube_job_status_start_time', { job_name })]: always(0),
  [kube('kube_job_spec_active_deadline_seconds', { job_name })]: always(hour),
});
