import { Construct } from 'constructs';
import { cronJobName, names } from '../../runtime/src/contract/names.ts';
import type { Environment, EnvironmentTarget } from '../environment/environment.ts';
import { BackupCronJob, type BackupCronJobProps } from './backup-cron-job.ts';

type Run = Omit<BackupCronJobProps, 'system'>;

const backupRun = (environment: Environment, target: EnvironmentTarget): Run => ({
  name: cronJobName(target.name),
  script: `${target.name}-backup.sh`,
  schedule: target.schedule,
  deadline: target.deadline,
  resources: target.resources ?? environment.resources,
  credentials: [target],
});

/** Reads archives only, so it gets no credentials of a database. */
const verificationRun = ({ verification, resources }: Environment): Run => ({
  name: names.verification,
  script: 'verify-backups.sh',
  schedule: verification.schedule,
  deadline: verification.deadline,
  resources: verification.resources ?? resources,
});

/** Restores into servers inside its own pod; credentials only of the servers that the plan names for drills. */
const drillRun = ({ drill, targets, resources }: Environment): Run => ({
  name: names.drill,
  script: 'drill-backups.sh',
  schedule: drill.schedule,
  deadline: drill.deadline,
  resources: drill.resources ?? resources,
  credentials: targets.flatMap(({ engine, drill: server }) =>
    server ? [{ ...server, engine, optional: true }] : [],
  ),
});

/** What each CronJob of an environment runs. */
export const cronJobRuns = (environment: Environment): readonly Run[] => [
  ...environment.targets.map((target) => backupRun(environment, target)),
  verificationRun(environment),
  drillRun(environment),
];

/** A CronJob per target, one that verifies, and one that drills. */
export class CronJobs extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    for (const run of cronJobRuns(environment))
      new BackupCronJob(this, run.name, { system: environment, ...run });
  }
}
