import type { IPodSpec } from 'kubernetes-models/v1';
import { find, type Cluster } from './cluster.ts';

type Container = IPodSpec['containers'][number];
type Variable = NonNullable<Container['env']>[number];
type Environment = Readonly<Record<string, string>>;

/** Fields of the pod that a variable may name. */
export type Fields = Readonly<Record<string, string>>;

const keyOf = (
  values: Environment | undefined,
  key: string,
  optional: boolean | undefined,
): string | undefined => {
  if (values?.[key] === undefined && !optional)
    throw new Error(`no value for key ${key} of an environment variable`);
  return values?.[key];
};

const valueOf = (
  cluster: Cluster,
  fields: Fields,
  { name, value, valueFrom }: Variable,
): string | undefined => {
  if (!valueFrom) return value ?? '';
  const { configMapKeyRef: config, secretKeyRef: secret, fieldRef: field } = valueFrom;
  if (config) return keyOf(find(cluster, 'ConfigMap', config.name ?? '').data, config.key, config.optional);
  if (secret) return keyOf(cluster.secrets[secret.name ?? ''], secret.key, secret.optional);
  if (field) return keyOf(fields, field.fieldPath, false);
  throw new Error(`unknown source of environment variable ${name}`);
};

const defined = (entries: readonly (readonly [string, string | undefined])[]): Environment =>
  Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));

/** The environment that a container of the cluster would start with. */
export const environmentOf = (cluster: Cluster, fields: Fields, container: Container): Environment => ({
  ...Object.fromEntries(
    (container.envFrom ?? []).flatMap(({ configMapRef: config, secretRef: secret }) =>
      Object.entries(
        (config ? find(cluster, 'ConfigMap', config.name ?? '').data : cluster.secrets[secret?.name ?? '']) ??
          {},
      ),
    ),
  ),
  ...defined((container.env ?? []).map((variable) => [variable.name, valueOf(cluster, fields, variable)])),
});
