import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { openApp, type App } from '../../runtime/src/session/app.ts';
import { secrets } from '../../runtime/src/contract/secrets.ts';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { planSchema } from '../../runtime/src/plan/schema.ts';
import { planOf, type Environment } from '../../src/environment/environment.ts';
import { startHttpServer } from '../../test/kit/http-server.ts';
import { removeFolder, workFolder } from '../../test/kit/private-server.ts';
import { testRun } from '../../test/kit/run.ts';
import { startS3 } from '../../test/kit/s3.ts';
import type { Platform } from './platform.ts';

/** The volume of the pictures, which nothing else fills: archives of the demo's data are small. */
const volumeBytes = 640 * 2 ** 20;
/** Objectives in proportion to the data: restores take seconds. */
const rto = '10s';

/** Values by Secret and key; a story may change them. */
export type SecretValues = Record<string, Record<string, string>>;

/** The program as prod installs it, on real servers, with a clock that can be set. */
export interface Installation {
  readonly app: App;
  /** What the pod finds at /backup. */
  readonly backup: string;
  readonly secrets: SecretValues;
}

const planFor = (environment: Environment, { connections }: Platform, backup: string, s3: object) => {
  const plan = planOf(environment);
  return planSchema.parse({
    ...plan,
    stores: { directory: { path: backup }, s3: { ...plan.stores.s3, ...s3, sync: true } },
    notifications: { enabled: true },
    targets: plan.targets.map((target) => ({ ...target, rto, connection: connections[target.name] })),
  });
};

const bytesIn = async (folder: string): Promise<number> => {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const stats = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => stat(join(file.parentPath, file.name))),
  );
  // copies are hard links: an inode counts once
  return [...new Map(stats.map(({ ino, size }) => [ino, size])).values()].reduce(
    (sum, size) => sum + size,
    0,
  );
};

const reading =
  (values: SecretValues) =>
  (secret: string, key: string): Promise<string> => {
    const value = values[secret]?.[key];
    return value === undefined
      ? Promise.reject(new BackupError('secret.missing', `secret ${secret} has no key ${key}`))
      : Promise.resolve(value);
  };

export const install = async (
  environment: Environment,
  platform: Platform,
  now: () => Date,
  stack: AsyncDisposableStack,
): Promise<Installation> => {
  const s3 = stack.adopt(await startS3(), (server) => server.stop());
  const webhook = stack.adopt(await startHttpServer((response) => void response.end()), (server) =>
    server.stop(),
  );
  const backup = stack.adopt(workFolder('pictures'), removeFolder);
  const scratchDir = stack.adopt(workFolder('pictures-scratch'), removeFolder);
  const plan = planFor(environment, platform, backup, { endpoint: s3.endpoint, forcePathStyle: true });
  await s3.createBucket(new URL(mustExist(plan.stores.s3, 'S3 store').base).hostname);
  const { encryption, notification } = secrets;
  const values: SecretValues = structuredClone({
    ...platform.secrets,
    [encryption.name]: {
      [encryption.keys.passphrase]: randomBytes(32).toString('base64'),
      [encryption.keys.s3AccessKey]: s3.accessKey,
      [encryption.keys.s3SecretKey]: s3.secretKey,
    },
    [notification.name]: { [notification.keys.webhookUrl]: webhook.url },
  });
  const run = testRun({ now, scratchDir, readSecret: reading(values) });
  const app = await openApp(run, plan, () => ({ add: () => {}, done: () => {} }));
  const space = async () => ({ freeBytes: volumeBytes - (await bytesIn(backup)), totalBytes: volumeBytes });
  const primary = { ...app.stores.primary, space };
  return { app: { ...app, stores: { ...app.stores, primary } }, backup, secrets: values };
};
