import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from '../../demo/databases/database.ts';
import { influxdbDatabase } from '../../demo/databases/influxdb.ts';
import { influxdb1 } from '../../demo/databases/influxdb1.ts';
import { postgresqlDatabase } from '../../demo/databases/postgresql.ts';
import { redisDatabase } from '../../demo/databases/redis.ts';
import { find, podSpec, readManifests } from '../../demo/pod/cluster.ts';
import { secretValues } from '../../demo/secrets.ts';
import { cronJobName, names } from '../../runtime/src/contract/names.ts';
import { planSchema } from '../../runtime/src/plan/schema.ts';
import type { ContainerCluster } from './container-pod.ts';
import { forwardServices } from './forward.ts';
import { buildJobImage } from './job-image.ts';
import { removeFolder, workFolder } from './private-server.ts';

/** The committed manifests of dev, their image, and real databases where their plan expects them. */
export interface ContainerStage {
  readonly cluster: ContainerCluster;
  readonly databases: readonly Database[];
  readonly image: string;
}

const kilobytes = 1000;

/** The databases of the dev plan, filled; InfluxDB is 1.x, whose server the image holds for drills. */
const startDatabases = async (stack: AsyncDisposableStack): Promise<readonly Database[]> => {
  const starting = [
    postgresqlDatabase('postgresql', 'grill_stats'),
    influxdbDatabase('influxdb', undefined, influxdb1),
    redisDatabase('redis'),
  ];
  const databases: Database[] = [];
  for (const database of await Promise.all(starting)) {
    databases.push(stack.adopt(database, ({ stop }) => stop()));
    await database.fill(500 * kilobytes);
  }
  return databases;
};

export const containerStage = async (stack: AsyncDisposableStack): Promise<ContainerStage> => {
  const manifests = await readManifests(join(import.meta.dirname, '../../manifests/dev'));
  const image = podSpec(find({ manifests }, 'CronJob', cronJobName('postgresql'))).containers[0]!.image!;
  await buildJobImage(image);
  const folder = stack.adopt(workFolder('containers'), removeFolder);
  await chmod(folder, 0o711); // databases run as a user of their own
  const config = find({ manifests }, 'ConfigMap', names.configMap);
  const plan = planSchema.parse(JSON.parse(config.data!['plan.json']!));
  const databases = await startDatabases(stack);
  const services = Object.fromEntries(databases.map(({ target, connection }) => [target, connection]));
  const { hosts } = stack.adopt(await forwardServices(plan.targets, services), ({ stop }) => stop());
  const secrets = secretValues(plan, databases, undefined);
  return { cluster: { manifests, secrets, services, folder, hosts }, databases, image };
};
