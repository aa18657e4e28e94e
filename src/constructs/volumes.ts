import { k8s } from 'cdk8s-plus-28';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { auditFolder, names } from '../../runtime/src/contract/names.ts';
import { secrets, verificationKeys } from '../../runtime/src/contract/secrets.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { TlsConfig } from '../../runtime/src/engines/connection.ts';
import { engineNamed } from '../../runtime/src/engines/registry.ts';
import type { Environment } from '../environment/environment.ts';
import type { Plan, Target } from '../../runtime/src/plan/schema.ts';

/** A folder of a container: the volume and where it is mounted. */
export interface Folder {
  readonly volume: k8s.Volume;
  readonly mount: k8s.VolumeMount;
}

/** What of an environment says which keys its exporter reads. */
type ReaderSystem = Pick<Environment, 'encryption' | 'stores' | 'exporterS3Keys'>;

/** Readable by the group that fsGroup gives the files to. */
const secretMode = 0o440;
const scriptMode = 0o555;

/** A line for each passphrase of the plan. */
const provingKeysSize = k8s.Quantity.fromString('1Mi');

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

/** The one folder of the archives that the console writes to: the kubelet makes it where it is not there. */
export const auditTrail = (): Folder => {
  const { volume, mount } = archives();
  return { volume, mount: { ...mount, mountPath: `${mounts.backup}/${auditFolder}`, subPath: auditFolder } };
};

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

/** Keys that prove and decrypt nothing, in memory that only this pod has. */
export const provingKeys = (readOnly: boolean): Folder =>
  folder(
    `${mounts.secrets}/${verificationKeys.name}`,
    { name: 'verification-keys', emptyDir: { medium: 'Memory', sizeLimit: provingKeysSize } },
    readOnly,
  );

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

const secretItems = (name: string, items: k8s.KeyToPath[], optional = false): k8s.VolumeProjection => ({
  secret: { name, items, ...(optional && { optional }) },
});

const { s3AccessKey, s3SecretKey } = secrets.encryption.keys;

/** The S3 account that only reads where there is one, under the names that the runtime asks for. Optional, since nothing may be copied there. */
const readerKeys = ({ encryption, stores, exporterS3Keys }: ReaderSystem): k8s.VolumeProjection[] => {
  const { accessKey = s3AccessKey, secretKey = s3SecretKey } = exporterS3Keys ?? {};
  const account = [
    { key: accessKey, path: s3AccessKey },
    { key: secretKey, path: s3SecretKey },
  ];
  return stores.s3?.credentials === 'secret' ? [secretItems(encryption.secret, account, true)] : [];
};

const passphrases = ({ encryption }: ReaderSystem): k8s.VolumeProjection[] =>
  encryption.enabled
    ? [secretItems(encryption.secret, asItems(...encryption.keys.map(({ secretKey }) => secretKey)))]
    : [];

/** Some keys of the encryption Secret, where the runtime looks for all of them. */
const someKeys = (
  { encryption }: ReaderSystem,
  name: string,
  sources: k8s.VolumeProjection[],
): readonly Folder[] =>
  sources.length === 0
    ? []
    : [
        folder(`${mounts.secrets}/${encryption.secret}`, {
          name,
          projected: { defaultMode: secretMode, sources },
        }),
      ];

/** What the exporter reads of that Secret: passphrases, and the S3 account. */
export const exporterSecret = (system: ReaderSystem): readonly Folder[] =>
  someKeys(system, `secret-${system.encryption.secret}`, [...passphrases(system), ...readerKeys(system)]);

/** What the console reads of it: no passphrase. */
export const readerAccount = (system: ReaderSystem): readonly Folder[] =>
  someKeys(system, 's3-account', readerKeys(system));

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
  Object.values(engineNamed(engine).secretKeys).some(({ optional }) => optional)
    ? undefined
    : asItems(...new Set(Object.values(keys)));

/** Credentials of a database. `optional` for the restore pod and drills: one missing Secret must not keep the others from being restored. */
export const databaseSecret = (engine: string, secret: DatabaseSecret, optional = false): Folder => {
  const items = itemsOf(engine, secret);
  return secretFolder(secret.name, { ...(items && { items }), ...(optional && { optional }) });
};

const asItems = (...keys: readonly string[]): k8s.KeyToPath[] => keys.map((key) => ({ key, path: key }));

const caFolder = ({ configMap, secret, key }: NonNullable<TlsConfig['ca']>, optional: boolean): Folder => {
  const selected = { items: asItems(key), ...(optional && { optional }) };
  if (configMap === undefined)
    return secretFolder(mustExist(secret, 'Secret or ConfigMap with the CA'), selected);
  // a volume's name holds no dots
  const name = `configmap-${configMap.replaceAll('.', '--')}`;
  return folder(`${mounts.configMaps}/${configMap}`, { name, configMap: { name: configMap, ...selected } });
};

/** Certificates that the TLS of a connection names. */
export const certificates = (
  { tls }: { readonly tls?: TlsConfig | undefined },
  optional = false,
): readonly Folder[] => [
  ...(tls?.ca ? [caFolder(tls.ca, optional)] : []),
  ...(tls?.client
    ? [
        secretFolder(tls.client.secret, {
          items: asItems(tls.client.certificate, tls.client.key),
          ...(optional && { optional }),
        }),
      ]
    : []),
];

/** A Secret or ConfigMap that several need is mounted once, with the keys of all. */
export const distinct = (folders: readonly Folder[]): readonly Folder[] =>
  [...Map.groupBy(folders, ({ mount }) => mount.mountPath).values()].map((same) =>
    same.reduce(({ volume, mount }, { volume: other }) => ({
      mount,
      volume: {
        ...volume,
        ...(volume.secret && other.secret && { secret: together(volume.secret, other.secret) }),
        ...(volume.configMap &&
          other.configMap && { configMap: together(volume.configMap, other.configMap) }),
      },
    })),
  );

interface Selected {
  readonly items?: k8s.KeyToPath[];
  readonly optional?: boolean;
}

/** Without a list of keys all of them are mounted; a pod that may start without one of two may not without the other. */
const together = <Source extends Selected>(one: Source, other: Source): Source => {
  const keys = one.items && other.items && [...one.items, ...other.items].map(({ key }) => key);
  const { items: _items, optional: _optional, ...rest } = one;
  return {
    ...rest,
    ...(keys && { items: asItems(...new Set(keys)) }),
    ...(one.optional && other.optional && { optional: true }),
  } as Source;
};
