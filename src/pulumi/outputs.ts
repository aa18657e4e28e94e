import type { AccessKey } from '@pulumi/aws/iam/accessKey.js';
import * as pulumi from '@pulumi/pulumi';
import { cronJobName, names } from '../../runtime/src/contract/names.ts';
import { accountOf } from '../aws/account.ts';
import type { Environment } from '../environment/environment.ts';
import type { Made } from './aws.ts';

/** CronJob → its five cron fields, in UTC. */
const schedulesOf = ({ targets, verification, drill }: Environment): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(targets.map(({ name, schedule }) => [cronJobName(name), schedule])),
  [names.verification]: verification.schedule,
  [names.drill]: drill.schedule,
});

const arnOf = (made: Made, id: string): pulumi.Output<string> | undefined =>
  (made.get(id) as (pulumi.CustomResource & { readonly arn: pulumi.Output<string> }) | undefined)?.arn;

/** The minted key of the backup user; none where pods have a role, or nothing is made in AWS. */
export const accessKeyOf = (made: Made): AccessKey | undefined =>
  made.get('AccessKey:backup') as AccessKey | undefined;

/** Outputs of the stack; those of AWS are undefined where it makes nothing there. */
export const outputsOf = (environment: Environment, made: Made) => {
  const account = accountOf(environment);
  const key = accessKeyOf(made);
  return {
    bucket: account?.archives.bucket,
    replicaBucket: account?.replica?.bucket,
    keyArn: arnOf(made, 'Key:archives'),
    identityArn: account && arnOf(made, `${account.identityKind}:backup`),
    s3AccessKey: key && pulumi.secret(key.id),
    s3SecretKey: key && pulumi.secret(key.secret),
    schedules: schedulesOf(environment),
    dashboardUrl: `${environment.monitoring.grafanaUrl.replace(/\/$/, '')}/d/${names.monitoring}`,
  };
};
