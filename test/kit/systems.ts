import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { everyConsole } from './every-console.ts';
import { environmentOf, environmentWith, objectsOf, root } from './environments.ts';
import { removeFolder, workFolder } from './private-server.ts';

/** What the cdk8s program of an example writes. */
export const objectsOfExample = async (name: string): Promise<readonly KubernetesObject[]> => {
  const folder = workFolder(`example-${name}`);
  const env = { ...process.env, NODE_OPTIONS: '', CDK8S_OUTDIR: folder };
  execFileSync(process.execPath, [join(root, 'examples', name, 'main.ts')], { cwd: root, env });
  const objects = readdirSync(folder).flatMap((file) => loadAll(readFileSync(join(folder, file), 'utf8')));
  await removeFolder(folder);
  return objects as KubernetesObject[];
};

const prod = environmentOf('prod');
const [first, ...others] = prod.targets;
const amounts = { cpu: '16', memory: '32Gi', ephemeralStorage: '200Gi' };

/** prod with all that is made on request only. */
const everything = () =>
  environmentWith('prod', {
    namespace: { name: 'grill-stats', create: true },
    image: { ...prod.image, pullSecrets: ['registry'] },
    priorityClass: 'backups',
    quota: { pods: 20, requests: amounts, limits: amounts },
    limitRange: prod.resources,
    verification: { ...prod.verification, parallelism: 3 },
    drill: { ...prod.drill, parallelism: 2 },
    network: { ...prod.network, apiServer: { cidrs: ['10.96.0.1/32'] } },
    console: everyConsole,
    targets: [
      {
        ...first,
        network: { podLabels: { app: 'db' }, namespace: 'data', ingress: true },
        pointInTime: { secret: { name: 'replication-secret' } },
        services: [{ name: 'web' }, { kind: 'StatefulSet', name: 'worker', namespace: 'apps' }],
        drill: {
          connection: { host: 'drills', database: 'postgres' },
          secret: { name: 'drill-secret' },
          network: { podLabels: { app: 'drills' } },
        },
      },
      ...others,
    ],
    secrets: {
      externalSecret: {
        storeName: 'vault',
        remoteKeys: { encryption: 'backup/encryption', notification: 'backup/notify' },
      },
    },
  });

/** Every system whose objects the rules look at. */
export const systems: Readonly<Record<string, readonly KubernetesObject[]>> = {
  dev: objectsOf(environmentOf('dev')),
  prod: objectsOf(prod),
  'prod with all that is made on request': objectsOf(everything()),
  'the example of another platform': await objectsOfExample('two-databases'),
};
