import { chmod } from 'node:fs/promises';
import { names } from '../runtime/src/contract/names.ts';
import { mustExist } from '../runtime/src/core/must-exist.ts';
import { planSchema, type Plan } from '../runtime/src/plan/schema.ts';
import { removeFolder, workFolder } from '../test/kit/private-server.ts';
import { startS3, type S3Server } from '../test/kit/s3.ts';
import type { Database } from './databases/database.ts';
import { influxdbDatabase } from './databases/influxdb.ts';
import { postgresqlDatabase } from './databases/postgresql.ts';
import { redisDatabase } from './databases/redis.ts';
import { synthesizeDev } from './manifests.ts';
import type { Options } from './options.ts';
import { pointInTime } from './point-in-time-settings.ts';
import { find, readManifests, type Cluster, type Services } from './pod/cluster.ts';
import { heading, step } from './progress.ts';
import { secretValues } from './secrets.ts';

/** Everything the demo plays on: manifests, servers, and a cluster of them. */
export interface Stage {
  readonly plan: Plan;
  readonly databases: readonly Database[];
  readonly cluster: Cluster;
  readonly manifestsFolder: string;
}

type Start = (target: Plan['targets'][number]) => Promise<Database>;

const start: Readonly<Record<string, Start>> = {
  postgresql: ({ name, connection, pointInTime: log }) =>
    postgresqlDatabase(name, String(connection.database), log !== undefined),
  influxdb: ({ name }) => influxdbDatabase(name),
  redis: ({ name }) => redisDatabase(name),
};

/** Registers what must be stopped at the end, whatever happens. */
export const adopt = async <Server extends { stop: () => Promise<void> }>(
  stack: AsyncDisposableStack,
  starting: Promise<Server>,
): Promise<Server> => stack.adopt(await starting, (server) => server.stop());

const startRemote = async (signal: AbortSignal, stack: AsyncDisposableStack): Promise<S3Server> =>
  (
    await step(
      'start S3',
      signal,
      () => adopt(stack, startS3()),
      ({ endpoint }) => `Ceph on ${endpoint}`,
    )
  ).result;

const startDatabases = async (
  plan: Plan,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<Database[]> => {
  const databases: Database[] = [];
  for (const target of plan.targets) {
    const work = () => adopt(stack, mustExist(start[target.engine], `server for ${target.engine}`)(target));
    const tell = ({ title, connection }: Database) => `${title} on ${connection.host}:${connection.port}`;
    databases.push((await step(`start ${target.name}`, signal, work, tell)).result);
  }
  return databases;
};

const makeFolder = async (options: Options, stack: AsyncDisposableStack): Promise<string> => {
  const folder = workFolder('demo');
  if (!options.keep) stack.defer(() => removeFolder(folder));
  await chmod(folder, 0o711); // pods run as a user of their own
  return folder;
};

/** Where the databases listen, by target. */
export const servicesOf = (databases: readonly Database[]): Services =>
  Object.fromEntries(databases.map(({ target, connection }) => [target, connection]));

/** Synthesizes manifests and starts private servers on free loopback ports, as a user that is not root. */
export const buildStage = async (
  options: Options,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): Promise<Stage> => {
  heading('Stage');
  const folder = await makeFolder(options, stack);
  const s3 = options.remote ? await startRemote(signal, stack) : undefined;
  const synthesized = await step(
    'synthesize dev',
    signal,
    () =>
      synthesizeDev({
        s3,
        pointInTime: options.pointInTime ? pointInTime : undefined,
        console: options.console,
      }),
    (path) => path,
  );
  const manifestsFolder = synthesized.result;
  const manifests = await readManifests(manifestsFolder);
  const config = find({ manifests }, 'ConfigMap', names.configMap);
  const plan = planSchema.parse(JSON.parse(mustExist(config.data?.['plan.json'], 'plan.json')));
  await s3?.createBucket(new URL(mustExist(plan.stores.s3, 'S3 store').base).hostname);
  const databases = await startDatabases(plan, signal, stack);
  const secrets = secretValues(plan, databases, s3);
  const cluster = { manifests, secrets, services: servicesOf(databases), folder };
  return { plan, databases, manifestsFolder, cluster };
};
