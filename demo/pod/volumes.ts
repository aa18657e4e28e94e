import type { IPodSpec, IVolumeProjection } from 'kubernetes-models/v1';
import { find, type Cluster } from './cluster.ts';

type Volume = NonNullable<IPodSpec['volumes']>[number];
type Files = Readonly<Record<string, string>>;

/** The part of a Secret or ConfigMap that a volume shows. */
interface Selection {
  readonly name?: string;
  readonly items?: readonly { readonly key: string; readonly path: string }[];
  readonly optional?: boolean;
}

/** What a volume holds: a folder that lasts, or files made for this pod. */
export type Content =
  | { readonly claim: string }
  | { readonly files: Files; /** Permissions of each file. */ readonly mode: number };

/** Kubernetes' own default of `defaultMode`. */
const defaultMode = 0o644;

const choose = (data: Files, items: Selection['items']): Files =>
  items
    ? Object.fromEntries(
        items.flatMap(({ key, path }) => (data[key] === undefined ? [] : [[path, data[key]] as const])),
      )
    : data;

const fromConfigMap = (cluster: Cluster, { name = '', items }: Selection): Files =>
  choose(find(cluster, 'ConfigMap', name).data ?? {}, items);

const fromSecret = ({ secrets }: Cluster, { name = '', items, optional }: Selection): Files => {
  const values = secrets[name];
  if (!values && !optional) throw new Error(`no values for Secret ${name}`);
  return choose(values ?? {}, items);
};

const fromProjection = (cluster: Cluster, { secret, configMap }: IVolumeProjection): Files => {
  if (secret) return fromSecret(cluster, secret);
  if (configMap) return fromConfigMap(cluster, configMap);
  throw new Error('unknown kind of projected volume');
};

const filesOf = (cluster: Cluster, { name, emptyDir, configMap, secret, projected }: Volume): Files => {
  if (emptyDir) return {};
  if (configMap) return fromConfigMap(cluster, configMap);
  if (secret) return fromSecret(cluster, { ...secret, name: secret.secretName ?? '' });
  if (projected)
    return Object.fromEntries(
      (projected.sources ?? []).flatMap((source) => Object.entries(fromProjection(cluster, source))),
    );
  throw new Error(`unknown kind of volume: ${name}`);
};

/** What a volume of a pod spec holds. @throws Error for a kind of volume that the demo does not know */
export const contentOf = (cluster: Cluster, volume: Volume): Content => {
  if (volume.persistentVolumeClaim) return { claim: volume.persistentVolumeClaim.claimName };
  const mode = (volume.configMap ?? volume.secret ?? volume.projected)?.defaultMode ?? defaultMode;
  return { files: filesOf(cluster, volume), mode };
};
