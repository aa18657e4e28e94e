import type * as pulumi from '@pulumi/pulumi';
import { baseCronJobName, cronJobName, hourlyCronJobName, names } from '../../runtime/src/contract/names.ts';
import type { Environment } from '../environment/environment.ts';
import type { AwsStore } from './aws-store.ts';

/** Of a target whose log is kept. */
const baseSchedule = ({
  name,
  pointInTime,
}: Environment['targets'][number]): readonly (readonly [string, string])[] =>
  pointInTime ? [[baseCronJobName(name), pointInTime.base.schedule]] : [];

/** CronJob → its five cron fields, in UTC. */
export const schedulesOf = ({
  targets,
  verification,
  drill,
}: Environment): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(targets.map(({ name, schedule }) => [cronJobName(name), schedule])),
  ...Object.fromEntries(
    targets.flatMap(({ name, increments }) =>
      increments ? [[hourlyCronJobName(name), increments.schedule] as const] : [],
    ),
  ),
  ...Object.fromEntries(targets.flatMap(baseSchedule)),
  [names.verification]: verification.schedule,
  [names.drill]: drill.schedule,
});

export const dashboardUrlOf = ({ monitoring }: Environment): string =>
  `${monitoring.grafanaUrl.replace(/\/$/, '')}/d/${names.monitoring}`;

/** What a BackupStack tells of what it made. */
interface Deployed {
  /** Undefined where it makes nothing in AWS. */
  readonly store: AwsStore | undefined;
  readonly schedules: pulumi.Output<Readonly<Record<string, string>>>;
  readonly dashboardUrl: pulumi.Output<string>;
}

/** Outputs of the stack; those of AWS only where it makes something there, as Pulumi warns of each that is undefined. */
export const outputsOf = ({
  store,
  schedules,
  dashboardUrl,
}: Deployed): Readonly<Record<string, pulumi.Output<unknown>>> => ({
  schedules,
  dashboardUrl,
  ...(store && { bucket: store.bucket, keyArn: store.keyArn, identityArn: store.identityArn }),
  ...(store?.replicaBucket && { replicaBucket: store.replicaBucket }),
  ...(store?.key && { s3AccessKey: store.key.accessKey, s3SecretKey: store.key.secretKey }),
});
