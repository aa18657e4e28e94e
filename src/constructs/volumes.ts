import type { k8s } from 'cdk8s-plus-28';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { secrets } from '../../runtime/src/contract/secrets.ts';
import { engines } from '../../runtime/src/engines/registry.ts';
import type { Plan, Target } from '../../runtime/src/plan/schema.ts';

/** A folder of a container: the volume and where it is mounted. */
export interface Folder {
  readonly volume: k8s.Volume;
  readonly mount: k8s.VolumeMount;
}

/** Readable by the group that fsGroup gives the files to. */
const secretMode = 0o440;
const scriptMode = 0o555;

const folder = (mountPath: string, volume: k8s.Volume, readOnly = true): Folder => ({
  volume,
  mount: { name: volume.name, mountPath, ...(readOnly && { readOnly }) },
});

/** Archives; the exporter reads them only. */
export const archives = (readOnly = false): Folder =>
  folder(
    mounts.backup,
    { name: 'backup', persistentVolumeClaim: { claimName: names.volumeClaim } },
    readOnly,
  );

export const planFolder = (): Folder =>
  folder(mounts.config, {
    name: 'config',
    configMap: { name: names.configMap, items: [{ key: 'plan.json', path: 'plan.json' }] },
  });

export const scriptsFolder = (): Folder =>
  folder(mounts.scripts, {
    name: 'scripts',
    configMap: { name: names.scriptsConfigMap, defaultMode: scriptMode },
  });

/** The only writable place besides the archives. */
export const scratch = (sizeLimit: k8s.Quantity): Folder =>
  folder(mounts.scratch, { name: 'scratch', emptyDir: { sizeLimit } }, false);

const secretFolder = (
  secretName: string,
  options: { readonly optional?: boolean; readonly items?: k8s.KeyToPath[] } = {},
): Folder =>
  folder(`${mounts.secrets}/${secretName}`, {
    name: `secret-${secretName}`,
    secret: { secretName, defaultMode: secretMode, ...options },
  });

/** Passphrase and S3 keys. */
export const encryptionSecret = ({
  encryption,
}: {
  readonly encryption: Pick<Plan['encryption'], 'secret'>;
}): Folder => secretFolder(encryption.secret);

/** None if notifications are off. Optional: a missing webhook must not stop a backup. */
export const notificationSecret = ({
  notifications,
}: {
  readonly notifications: Pick<Plan['notifications'], 'enabled'>;
}): readonly Folder[] =>
  notifications.enabled ? [secretFolder(secrets.notification.name, { optional: true })] : [];

type DatabaseSecret = Target['secret'];

/** Only the keys the engine reads; all of them where some may be absent, since a listed key that is absent keeps a pod from starting. */
const itemsOf = (engine: string, { keys }: DatabaseSecret): k8s.KeyToPath[] | undefined =>
  Object.values(engines[engine]!.secretKeys).some(({ optional }) => optional)
    ? undefined
    : [...new Set(Object.values(keys))].map((key) => ({ key, path: key }));

/** Credentials of a database. `optional` for the restore pod and drills: one missing Secret must not keep the others from being restored. */
export const databaseSecret = (engine: string, secret: DatabaseSecret, optional = false): Folder => {
  const items = itemsOf(engine, secret);
  return secretFolder(secret.name, { ...(items && { items }), ...(optional && { optional }) });
};

/** Two targets may share a Secret; a pod mounts it once, with the keys of both. */
export const distinct = (folders: readonly Folder[]): readonly Folder[] => {
  const byName = Map.groupBy(folders, ({ volume }) => volume.name);
  return [...byName.values()].map(([first, ...same]) => (same.length ? wholeSecret(first!) : first!));
};

const wholeSecret = ({ volume, mount }: Folder): Folder => ({
  volume: { ...volume, secret: { ...volume.secret, items: undefined } },
  mount,
});
