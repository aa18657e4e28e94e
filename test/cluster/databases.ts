import type { Environment } from '../../src/environment/environment.ts';
import { kubectl } from './kubectl.ts';
import { engines } from '../../runtime/src/engines/registry.ts';

type Data = Readonly<Record<string, unknown>>;

/** As platforms run them: of ordinary images, under no security context. */
const images: Readonly<Record<string, string>> = {
  postgresql: 'docker.io/library/postgres:15',
  influxdb: 'docker.io/library/influxdb:1.8',
  redis: 'docker.io/library/redis:7',
};

type Target = Environment['targets'][number];

const keysOf = ({ engine, secret }: Target): readonly string[] =>
  Object.entries(engines[engine]!.secretKeys).map(([key, { defaultKey }]) => secret.keys[key] ?? defaultKey);

/** Secret, Service and StatefulSet of a target's database, as the platform would have them. */
const databaseOf = (environment: Environment, target: Target): readonly Data[] => {
  const { name, engine, connection, network, secret } = target;
  const labels = network.podLabels!;
  const metadata = { name, namespace: environment.namespace.name, labels };
  const port = engines[engine]!.ports(connection)[0]!;
  return [
    {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, name: secret.name } },
      stringData: Object.fromEntries(keysOf(target).map((key) => [key, 'secret'])),
    },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata },
      spec: { selector: labels, ports: [{ port }] },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata },
      spec: {
        serviceName: name,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { containers: [{ name: 'server', image: images[engine], ports: [{ containerPort: port }] }] },
        },
      },
    },
  ];
};

/** Databases of an environment's targets. */
export const databasesOf = (environment: Environment): readonly Data[] =>
  environment.targets.flatMap((target) => databaseOf(environment, target));

/** Pods as the StatefulSets make them after a restart, under names that are free. */
export const restartedPods = (environment: Environment): readonly Data[] =>
  databasesOf(environment)
    .filter(({ kind }) => kind === 'StatefulSet')
    .map((set) => {
      const { metadata, spec } = set as { metadata: { name: string; namespace: string }; spec: Data };
      const { template } = spec as { template: { metadata: object; spec: object } };
      return {
        ...{ apiVersion: 'v1', kind: 'Pod' },
        metadata: { ...template.metadata, name: `${metadata.name}-again`, namespace: metadata.namespace },
        spec: template.spec,
      };
    });

export const removeDatabases = (environment: Environment): Promise<string> =>
  kubectl(
    ['delete', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: databasesOf(environment) }),
  );
