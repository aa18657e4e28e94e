import type { KubernetesMetric } from '../../../../runtime/src/contract/kubernetes-metrics.ts';
import { baseCronJobName, cronJobName, names } from '../../../../runtime/src/contract/names.ts';
import { nextRun } from '../../../../runtime/src/plan/cron.ts';
import type { Plan } from '../../../../runtime/src/plan/schema.ts';
import type { Run } from './runs.ts';

/** Series at one time, by name with labels. */
export type Scrape = Readonly<Record<string, number>>;

const seriesName = (metric: string, labels: Readonly<Record<string, string>>): string =>
  `${metric}{${Object.entries(labels)
    .map(([label, value]) => `${label}="${value}"`)
    .join(',')}}`;

export { seriesName };

const namespace = 'grill-stats';

const kube = (metric: KubernetesMetric, labels: Readonly<Record<string, string>>, value: number): Scrape => ({
  [seriesName(metric, { namespace, ...labels })]: value,
});

const seconds = (time: Date): number => time.getTime() / 1000;

const schedules = ({ targets, verification, drill }: Plan): readonly (readonly [string, string])[] => [
  ...targets.map(({ name, schedule }) => [cronJobName(name), schedule] as const),
  ...targets.flatMap(({ name, pointInTime }) =>
    pointInTime ? [[baseCronJobName(name), pointInTime.base.schedule] as const] : [],
  ),
  [names.verification, verification.schedule],
  [names.drill, drill.schedule],
];

const cronJob = (cronjob: string, schedule: string, runs: readonly Run[], now: Date): Scrape => {
  const last = runs.findLast((run) => run.cronJob === cronjob && run.end <= now);
  return {
    ...kube('kube_cronjob_created', { cronjob }, seconds(runs[0]!.start)),
    ...kube('kube_cronjob_spec_suspend', { cronjob }, 0),
    ...kube('kube_cronjob_next_schedule_time', { cronjob }, seconds(nextRun(schedule, now)!)),
    ...(last && kube('kube_cronjob_status_last_successful_time', { cronjob }, seconds(last.end))),
  };
};

/** Its pod is pending for its first minutes. */
const startupMs = 3 * 60_000;

const podOf = (run: Run, job_name: string, now: Date): Scrape => {
  const labels = { pod: `${job_name}-abcde`, uid: 'u' };
  const pending = now.getTime() - run.start.getTime() < startupMs;
  return {
    ...kube('kube_pod_owner', { ...labels, owner_kind: 'Job', owner_name: job_name }, 1),
    ...kube('kube_pod_status_phase', { ...labels, phase: 'Pending' }, Number(pending)),
  };
};

const jobOf = (run: Run, now: Date): Scrape => {
  const job_name = `${run.cronJob}-${seconds(run.start) / 60}`;
  const ended = run.end <= now;
  return {
    ...kube('kube_job_owner', { job_name, owner_kind: 'CronJob', owner_name: run.cronJob }, 1),
    ...kube('kube_job_status_start_time', { job_name }, seconds(run.start)),
    ...kube('kube_job_spec_active_deadline_seconds', { job_name }, 6 * 3600),
    ...kube('kube_job_status_active', { job_name }, Number(!ended)),
    ...(ended ? kube('kube_job_complete', { job_name, condition: 'true' }, 1) : podOf(run, job_name, now)),
  };
};

/** Finished Jobs of a CronJob that Kubernetes keeps. */
const history = 3;

/** What kube-state-metrics tells at some time of runs that none failed. */
export const kubernetesScrape = (plan: Plan, runs: readonly Run[], now: Date): Scrape => {
  const begun = runs.filter(({ start }) => start <= now);
  const jobs = [...Map.groupBy(begun, (run) => run.cronJob).values()].flatMap((all) => all.slice(-history));
  const scrapes = [
    ...schedules(plan).map(([name, schedule]) => cronJob(name, schedule, runs, now)),
    ...jobs.map((run) => jobOf(run, now)),
  ];
  return Object.assign({}, ...scrapes) as Scrape;
};

/** Scrapes in promtool's notation, which has no repetition of infinity. */
export const valuesOf = (scrapes: readonly Scrape[]): Readonly<Record<string, string>> => {
  const found = new Set(scrapes.flatMap((scrape) => Object.keys(scrape)));
  return Object.fromEntries(
    [...found].map((series) => [
      series,
      scrapes.map((scrape) => String(scrape[series] ?? '_').replace('Infinity', 'Inf')).join(' '),
    ]),
  );
};
