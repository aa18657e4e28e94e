import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { z } from 'zod';
import { finalExitCodes } from '../../runtime/src/contract/exit-codes.ts';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { partVariables, runLabel } from '../../runtime/src/contract/parts.ts';
import { tls } from '../../runtime/src/engines/connection.ts';
import { cron } from '../../runtime/src/plan/cron.ts';
import { duration, secondsOf } from '../../runtime/src/plan/duration.ts';
import { dnsLabel, planShape } from '../../runtime/src/plan/schema.ts';
import { deploymentShape } from '../environment/deployment.ts';
import { resources } from '../environment/resources.ts';
import { jobPod, quantity } from './job-pod.ts';
import { labelsOf } from './labels.ts';
import { checked, type Props } from './props.ts';
import {
  archives,
  certificates,
  databaseSecret,
  encryptionSecret,
  notificationSecret,
  planFolder,
  scratch,
  scriptsFolder,
} from './volumes.ts';

const containerName = 'backup';

const cronJobProps = z.object({
  /** What the run shares with the others of its system. */
  system: z.object({
    platform: deploymentShape.platform,
    image: deploymentShape.image,
    /** Volume of the archives. */
    storage: z.object({ accessMode: deploymentShape.storage.shape.accessMode }),
    priorityClass: deploymentShape.priorityClass,
    jobs: deploymentShape.jobs,
    encryption: planShape.encryption,
    notifications: planShape.notifications,
  }),
  /** Name of the CronJob, of its Jobs' label and of its pods' label. */
  name: dnsLabel,
  /** File of ConfigMap `backup-scripts`, which the container runs. */
  script: z.string().min(1),
  /** Five cron fields, in UTC. */
  schedule: cron,
  /** Time that a run may take, tries included. */
  deadline: duration,
  /** Resources of the container. */
  resources,
  /** Pods that share the work of the run, by their index: above 1 an Indexed Job. @default 1 - one pod does all */
  parallelism: z.int().min(1).default(1),
  /** Databases whose credentials are mounted. @default none - reading archives needs none */
  credentials: z
    .array(
      z.object({
        /** Kind of the database, which knows the roles of its Secret. */
        engine: z.string(),
        /** Existing Secret with the credentials. */
        secret: z.object({
          /** Name of the Secret. */
          name: dnsLabel,
          /** Names of its keys, by role. */
          keys: z.record(z.string(), z.string()),
        }),
        /** Connection of the database, of which only `tls` counts: the certificates that it names are mounted. */
        connection: z
          .object({
            /** TLS of the connection. @default none - then no certificates are mounted */
            tls: tls.optional(),
          })
          .default({}),
        /** True: the pod starts without the Secret. @default false - a run without credentials would fail later, and less clearly */
        optional: z.boolean().default(false),
      }),
    )
    .default([]),
});

export type BackupCronJobProps = Props<typeof cronJobProps>;

/** As the schema makes it: every default is filled in. */
export type CronJobRun = z.output<typeof cronJobProps>;

/**
 * A drained node is no failure of the backup; an error that another try cannot cure ends the Job at once, or the index alone:
 * a bad archive of one target is no reason to stop the pods that verify others.
 */
const podFailurePolicy = (action: 'FailJob' | 'FailIndex'): k8s.PodFailurePolicy =>
  ({
    rules: [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action, onExitCodes: { containerName, operator: 'In', values: [...finalExitCodes] } },
    ],
  }) as k8s.PodFailurePolicy; // whose rules may leave out conditions, though the class wants them

/** What a pod has to know beside its index, which Kubernetes tells it. */
const partEnvironment = ({ parallelism }: CronJobRun): k8s.EnvVar[] =>
  parallelism === 1
    ? []
    : [
        { name: partVariables.count, value: String(parallelism) },
        { name: partVariables.run, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${runLabel}']` } } },
      ];

/** The pod of a run. */
export const podOfRun = (run: CronJobRun): k8s.PodSpec => {
  const { system, script, resources, credentials } = run;
  return jobPod({
    system,
    serviceAccount: names.operatorAccount,
    container: containerName,
    command: [`${mounts.scripts}/${script}`],
    variables: partEnvironment(run),
    resources,
    // podFailurePolicy requires it
    restartPolicy: 'Never',
    folders: [
      archives(),
      planFolder(),
      scriptsFolder(),
      scratch(quantity(resources.limits.ephemeralStorage)),
      encryptionSecret(system),
      ...credentials.flatMap(({ engine, secret, connection, optional }) => [
        databaseSecret(engine, secret, optional),
        ...certificates(connection, optional),
      ]),
      ...notificationSecret(system),
    ],
  });
};

/** How often pods are tried again: those of an Indexed Job each for itself, so that one that fails takes no try from another. */
const triesOf = ({ parallelism, system }: CronJobRun): Partial<k8s.JobSpec> =>
  parallelism === 1
    ? { backoffLimit: system.jobs.retries, podFailurePolicy: podFailurePolicy('FailJob') }
    : {
        completionMode: 'Indexed',
        completions: parallelism,
        parallelism,
        backoffLimitPerIndex: system.jobs.retries,
        podFailurePolicy: podFailurePolicy('FailIndex'),
      };

const jobOf = (run: CronJobRun): k8s.JobSpec => ({
  activeDeadlineSeconds: secondsOf(run.deadline),
  ...triesOf(run),
  ttlSecondsAfterFinished: secondsOf(run.system.jobs.keepFinished),
  template: { metadata: { labels: labelsOf(run.system, run.name) }, spec: podOfRun(run) },
});

/** One scheduled run, its pod and its limits. The L2 class of cdk8s-plus would skip, silently, a run that starts 10 s late. */
export class BackupCronJob extends Construct {
  constructor(scope: Construct, id: string, props: BackupCronJobProps) {
    super(scope, id);
    const run = checked(this, cronJobProps, props);
    if (!run) return;
    const { jobs } = run.system;
    const labels = labelsOf(run.system, run.name);
    new k8s.KubeCronJob(this, 'cron-job', {
      metadata: { name: run.name, labels },
      spec: {
        schedule: run.schedule,
        // declared, so that one which somebody suspended and forgot shows as a difference
        suspend: false,
        timeZone: 'Etc/UTC',
        concurrencyPolicy: 'Forbid',
        startingDeadlineSeconds: secondsOf(jobs.startingDeadline),
        successfulJobsHistoryLimit: jobs.history.successful,
        failedJobsHistoryLimit: jobs.history.failed,
        jobTemplate: { metadata: { labels }, spec: jobOf(run) },
      },
    });
  }
}
