import { randomBytes } from 'node:crypto';
import { secrets } from '../runtime/src/contract/secrets.ts';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import type { Plan } from '../runtime/src/plan/schema.ts';
import type { S3Server } from '../test/kit/s3.ts';
import type { Database } from './databases/database.ts';
import type { SecretValues } from './pod/cluster.ts';

const ofDatabase = (plan: Plan, { target, credentials }: Database): SecretValues => {
  const { name, keys } = mustExist(
    plan.targets.find((candidate) => candidate.name === target),
    `target ${target}`,
  ).secret;
  return {
    [name]: Object.fromEntries(
      Object.entries(credentials).map(([role, value]) => [
        mustExist(keys[role], `key of the ${role}`),
        value,
      ]),
    ),
  };
};

/** Values of the Secrets that hold the databases' credentials. */
export const databaseSecrets = (plan: Plan, databases: readonly Database[]): SecretValues =>
  Object.fromEntries(databases.flatMap((database) => Object.entries(ofDatabase(plan, database))));

/** Values for every Secret that the manifests mount, which 1Password would supply. */
export const secretValues = (
  plan: Plan,
  databases: readonly Database[],
  s3: S3Server | undefined,
): SecretValues => {
  const { passphrase, s3AccessKey, s3SecretKey } = secrets.encryption.keys;
  return {
    [plan.encryption.secret]: {
      [passphrase]: randomBytes(32).toString('base64'),
      ...(s3 && { [s3AccessKey]: s3.accessKey, [s3SecretKey]: s3.secretKey }),
    },
    ...databaseSecrets(plan, databases),
  };
};
