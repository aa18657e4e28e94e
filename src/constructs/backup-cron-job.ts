import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { finalExitCodes } from '../../runtime/src/contract/exit-codes.ts';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { cronJobName, names } from '../../runtime/src/contract/names.ts';
import { secondsOf } from '../../runtime/src/plan/duration.ts';
import type { Environment, EnvironmentTarget, Resources } from '../environment.ts';
import { jobPod } from './job-pod.ts';
import { labelsOf } from './labels.ts';
import {
  archives,
  databaseSecret,
  encryptionSecret,
  notificationSecret,
  planFolder,
  scratch,
  scriptsFolder,
  type Folder,
} from './volumes.ts';

const containerName = 'backup';

interface Run {
  readonly name: string;
  readonly script: string;
  readonly schedule: string;
  /** Duration that a run may take, tries included. */
  readonly deadline: string;
  readonly resources: Resources;
  readonly secrets: readonly Folder[];
}

/** A drained node is no failure of the backup; an error that another try cannot cure ends the Job at once. */
const podFailurePolicy: k8s.PodFailurePolicy = {
  rules: [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    {
      action: 'FailJob',
      onPodConditions: [],
      onExitCodes: { containerName, operator: 'In', values: [...finalExitCodes] },
    },
  ],
};

const podOf = (environment: Environment, run: Run): k8s.PodSpec =>
  jobPod({
    environment,
    serviceAccount: names.operatorAccount,
    container: containerName,
    command: [`${mounts.scripts}/${run.script}`],
    resources: run.resources,
    // podFailurePolicy requires it
    restartPolicy: 'Never',
    folders: [
      archives(),
      planFolder(),
      scriptsFolder(),
      scratch(k8s.Quantity.fromString(run.resources.limits.ephemeralStorage)),
      encryptionSecret(environment),
      ...run.secrets,
      ...notificationSecret(environment),
    ],
  });

const jobOf = (environment: Environment, run: Run): k8s.JobSpec => ({
  activeDeadlineSeconds: secondsOf(run.deadline),
  backoffLimit: environment.jobs.retries,
  ttlSecondsAfterFinished: secondsOf(environment.jobs.keepFinished),
  podFailurePolicy,
  template: { metadata: { labels: labelsOf(run.name) }, spec: podOf(environment, run) },
});

/** One scheduled run. The L2 class of cdk8s-plus would skip a run that is 10 s late; see DESIGN.md §4. */
class BackupCronJob extends Construct {
  constructor(scope: Construct, environment: Environment, run: Run) {
    super(scope, run.name);
    const { jobs } = environment;
    new k8s.KubeCronJob(this, 'cron-job', {
      metadata: { name: run.name, labels: labelsOf(run.name) },
      spec: {
        schedule: run.schedule,
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: secondsOf(jobs.startingDeadline),
        successfulJobsHistoryLimit: jobs.history.successful,
        failedJobsHistoryLimit: jobs.history.failed,
        jobTemplate: { metadata: { labels: labelsOf(run.name) }, spec: jobOf(environment, run) },
      },
    });
  }
}

const backupRun = (environment: Environment, target: EnvironmentTarget): Run => ({
  name: cronJobName(target.name),
  script: `${target.name}-backup.sh`,
  schedule: target.schedule,
  deadline: target.deadline,
  resources: target.resources ?? environment.resources,
  secrets: [databaseSecret(target.engine, target.secret)],
});

/** Reads archives only, so it gets no credentials of a database. */
const verificationRun = ({ verification, resources }: Environment): Run => ({
  name: names.verification,
  script: 'verify-backups.sh',
  schedule: verification.schedule,
  deadline: verification.deadline,
  resources: verification.resources ?? resources,
  secrets: [],
});

/** Restores into servers inside its own pod; credentials only of the servers that the plan names for drills. */
const drillRun = ({ drill, targets, resources }: Environment): Run => ({
  name: names.drill,
  script: 'drill-backups.sh',
  schedule: drill.schedule,
  deadline: drill.deadline,
  resources: drill.resources ?? resources,
  secrets: targets.flatMap(({ engine, drill: server }) =>
    server ? [databaseSecret(engine, server.secret, true)] : [],
  ),
});

/** A CronJob per target, one that verifies, and one that drills. */
export class CronJobs extends Construct {
  constructor(scope: Construct, environment: Environment) {
    super(scope, 'cron-jobs');
    for (const target of environment.targets)
      new BackupCronJob(this, environment, backupRun(environment, target));
    new BackupCronJob(this, environment, verificationRun(environment));
    new BackupCronJob(this, environment, drillRun(environment));
  }
}
