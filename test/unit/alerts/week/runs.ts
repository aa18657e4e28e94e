import type { App } from '../../../../runtime/src/session/app.ts';
import { replicate } from '../../../../runtime/src/archives/replicate.ts';
import { baseCronJobName, cronJobName, names } from '../../../../runtime/src/contract/names.ts';
import { nextRun } from '../../../../runtime/src/plan/cron.ts';
import { simulateBackup, simulateVerification } from '../../../kit/simulated-runs.ts';

/** One Job of a CronJob. */
export interface Run {
  readonly cronJob: string;
  readonly start: Date;
  readonly end: Date;
  /** Leaves in the stores what the run would. */
  readonly leave: () => Promise<void>;
}

/** Times of a schedule within a period. */
const timesOf = (schedule: string, from: Date, to: Date): readonly Date[] => {
  const times: Date[] = [];
  for (let time = nextRun(schedule, from); time && time < to; time = nextRun(schedule, time))
    times.push(time);
  return times;
};

/** Long, but within every deadline of production. */
const seconds = { backup: 25 * 60, base: 2 * 3600, verification: 45 * 60, drill: 3600 } as const;

const backupsOf = (app: App, from: Date, to: Date): readonly Run[] =>
  app.plan.targets.flatMap(({ name, schedule }) =>
    timesOf(schedule, from, to).map((start) => ({
      cronJob: cronJobName(name),
      start,
      end: new Date(start.getTime() + seconds.backup * 1000),
      leave: async () => {
        await simulateBackup(app, name, { at: start, seconds: seconds.backup });
        for (const replica of app.stores.replicas) await replicate(app, name, replica);
      },
    })),
  );

/** What they leave is told by the receiver and by Kubernetes. */
const basesOf = (app: App, from: Date, to: Date): readonly Run[] =>
  app.plan.targets.flatMap(({ name, pointInTime }) =>
    (pointInTime ? timesOf(pointInTime.base.schedule, from, to) : []).map((start) => ({
      cronJob: baseCronJobName(name),
      start,
      end: new Date(start.getTime() + seconds.base * 1000),
      leave: async () => {},
    })),
  );

const verifying = (
  app: App,
  {
    cronJob,
    schedule,
    level,
    took,
  }: { cronJob: string; schedule: string; level: 'deep' | 'drill'; took: number },
  from: Date,
  to: Date,
): readonly Run[] =>
  timesOf(schedule, from, to).map((start) => ({
    cronJob,
    start,
    end: new Date(start.getTime() + took * 1000),
    leave: async () => {
      for (const { name } of app.plan.targets)
        await simulateVerification(app, name, { at: start, level, seconds: took / app.plan.targets.length });
    },
  }));

/** All runs of a plan within a period, by their end. None fails. */
export const runsOf = (app: App, from: Date, to: Date): readonly Run[] => {
  const { verification, drill } = app.plan;
  return [
    ...backupsOf(app, from, to),
    ...basesOf(app, from, to),
    ...verifying(app, { cronJob: names.verification, schedule: verification.schedule, level: 'deep', took: seconds.verification }, from, to),
    ...verifying(app, { cronJob: names.drill, schedule: drill.schedule, level: 'drill', took: seconds.drill }, from, to),
  ].toSorted((a, b) => a.end.getTime() - b.end.getTime()); // prettier-ignore
};
