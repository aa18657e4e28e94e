import { nextRun } from '../../runtime/src/plan/cron.ts';
import { cronJobName, names } from '../../runtime/src/contract/names.ts';
import type { Plan } from '../../runtime/src/plan/schema.ts';

/** A Job of the story. */
export interface Job {
  readonly cronJob: string;
  readonly at: number;
  readonly ok: boolean;
}

/** Finished Jobs that a CronJob keeps by default, of each outcome. */
const kept = 3;

const line = (name: string, labels: Readonly<Record<string, string>>, value: number): string =>
  `${name}{${Object.entries(labels)
    .map(([label, text]) => `${label}="${text}"`)
    .join(',')}} ${value}`;

const ofJob = ({ cronJob, at, ok }: Job): readonly string[] => {
  const job_name = `${cronJob}-${Math.floor(at / 60_000)}`;
  return [
    line('kube_job_owner', { job_name, owner_kind: 'CronJob', owner_name: cronJob }, 1),
    line(ok ? 'kube_job_complete' : 'kube_job_failed', { job_name, condition: 'true' }, 1),
  ];
};

const ofCronJob = (
  cronjob: string,
  schedule: string,
  jobs: readonly Job[],
  at: number,
): readonly string[] => {
  const own = jobs.filter((job) => job.cronJob === cronjob);
  const [good, bad] = [own.filter(({ ok }) => ok), own.filter(({ ok }) => !ok)];
  const seconds = (time: number): number => Math.floor(time / 1000);
  const last = good.at(-1);
  return [
    line('kube_cronjob_spec_suspend', { cronjob }, 0),
    line('kube_cronjob_next_schedule_time', { cronjob }, seconds(Number(nextRun(schedule, new Date(at))))),
    ...(last ? [line('kube_cronjob_status_last_successful_time', { cronjob }, seconds(last.at))] : []),
    ...[...good.slice(-kept), ...bad.slice(-kept)].flatMap(ofJob),
  ];
};

/** What kube-state-metrics tells of the story's Jobs: there is no cluster here to ask. */
export const kubernetesText = (
  { targets, verification, drill }: Plan,
  jobs: readonly Job[],
  at: number,
): string =>
  [
    ...targets.map(({ name, schedule }) => [cronJobName(name), schedule] as const),
    [names.verification, verification.schedule] as const,
    [names.drill, drill.schedule] as const,
  ]
    .flatMap(([cronJob, schedule]) => ofCronJob(cronJob, schedule, jobs, at))
    .join('\n');
