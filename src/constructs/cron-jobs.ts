import { Construct } from 'constructs';
import { baseCronJobName, cronJobName, hourlyCronJobName, names } from '../../runtime/src/contract/names.ts';
import type { Environment, EnvironmentTarget } from '../environment/environment.ts';
import { BackupCronJob, type CronJobRun } from './backup-cron-job.ts';
import { markChecked } from './props.ts';

const backupRun = (environment: Environment, target: EnvironmentTarget): CronJobRun => ({
  system: environment,
  name: cronJobName(target.name),
  script: `${target.name}-backup.sh`,
  schedule: target.schedule,
  deadline: target.deadline,
  resources: target.resources ?? environment.resources,
  parallelism: 1,
  credentials: [{ ...target, optional: false }],
});

/** As the nightly run, at other times. */
const hourlyRun = (environment: Environment, target: EnvironmentTarget): readonly CronJobRun[] => {
  const { name, increments } = target;
  if (!increments) return [];
  const { schedule } = increments;
  return [
    {
      ...backupRun(environment, target),
      name: hourlyCronJobName(name),
      script: `${name}-hourly.sh`,
      schedule,
    },
  ];
};

/** By the account of the receiver, whose Secret may be another one than that of the dumps. */
const baseRun = (environment: Environment, target: EnvironmentTarget): readonly CronJobRun[] => {
  const { name, pointInTime } = target;
  if (!pointInTime) return [];
  const { base, secret = target.secret } = pointInTime;
  return [
    {
      system: environment,
      name: baseCronJobName(name),
      script: `${name}-base.sh`,
      schedule: base.schedule,
      deadline: base.deadline,
      resources: base.resources ?? target.resources ?? environment.resources,
      parallelism: 1,
      credentials: [{ ...target, secret, optional: false }],
    },
  ];
};

/** Reads archives only, so it gets no credentials of a database. */
const verificationRun = (environment: Environment): CronJobRun => ({
  system: environment,
  name: names.verification,
  script: 'verify-backups.sh',
  schedule: environment.verification.schedule,
  deadline: environment.verification.deadline,
  resources: environment.verification.resources ?? environment.resources,
  parallelism: environment.verification.parallelism,
  credentials: [],
});

/** Restores into servers inside its own pod; credentials only of the servers that the plan names for drills. */
const drillRun = (environment: Environment): CronJobRun => ({
  system: environment,
  name: names.drill,
  script: 'drill-backups.sh',
  schedule: environment.drill.schedule,
  deadline: environment.drill.deadline,
  resources: environment.drill.resources ?? environment.resources,
  parallelism: environment.drill.parallelism,
  credentials: environment.targets.flatMap(({ engine, drill: server }) =>
    server ? [{ ...server, engine, optional: true }] : [],
  ),
});

/** What each CronJob of an environment runs. */
export const cronJobRuns = (environment: Environment): readonly CronJobRun[] => [
  ...environment.targets.map((target) => backupRun(environment, target)),
  ...environment.targets.flatMap((target) => hourlyRun(environment, target)),
  ...environment.targets.flatMap((target) => baseRun(environment, target)),
  verificationRun(environment),
  drillRun(environment),
];

/** A CronJob per target, one between the nights where it has increments, one for its bases where its log is kept, one that verifies, and one that drills. */
export class CronJobs extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    for (const run of cronJobRuns(environment)) new BackupCronJob(this, run.name, markChecked(run));
  }
}
