import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { z } from 'zod';
import { secrets as contract } from '../../runtime/src/contract/secrets.ts';
import { secretKeysOf } from '../../runtime/src/notify/config.ts';
import { planShape } from '../../runtime/src/plan/schema.ts';
import { deploymentShape } from '../environment/deployment.ts';
import { checked, type Props } from './props.ts';

const secretsProps = z.object({
  secrets: deploymentShape.secrets,
  encryption: planShape.encryption,
  stores: planShape.stores,
  notifications: planShape.notifications,
  exporterS3Keys: deploymentShape.exporterS3Keys,
});

export type BackupSecretsProps = Props<typeof secretsProps>;

type Checked = z.output<typeof secretsProps>;
type Sources = Checked['secrets'];

/** A Secret that the system owns, and that an operator or Pulumi makes. */
export interface SystemSecret {
  readonly source: 'encryption' | 'notification';
  readonly name: string;
  readonly keys: readonly string[];
}

/** Every passphrase of the plan; S3 credentials only where the store takes them from the Secret. */
export const secretsOf = ({
  encryption,
  stores,
  notifications,
  exporterS3Keys,
}: Checked): readonly SystemSecret[] => {
  const { s3AccessKey, s3SecretKey } = contract.encryption.keys;
  const passphrases = encryption.keys.map(({ secretKey }) => secretKey);
  const s3Keys =
    stores.s3?.credentials === 'secret'
      ? [s3AccessKey, s3SecretKey, ...Object.values(exporterS3Keys ?? {})]
      : [];
  return [
    { source: 'encryption', name: encryption.secret, keys: [...passphrases, ...s3Keys] },
    ...(notifications.enabled
      ? [
          {
            source: 'notification',
            name: contract.notification.name,
            keys: secretKeysOf(notifications),
          } as const,
        ]
      : []),
  ];
};

const onePasswordItem = (
  { vault, items }: NonNullable<Sources['onePassword']>,
  { source }: SystemSecret,
) => ({
  apiVersion: 'onepassword.com/v1',
  kind: 'OnePasswordItem',
  spec: { itemPath: `vaults/${vault}/items/${items[source]}` },
});

const externalSecret = (
  store: NonNullable<Sources['externalSecret']>,
  { source, name, keys }: SystemSecret,
) =>
  ({
    apiVersion: 'external-secrets.io/v1',
    kind: 'ExternalSecret',
    spec: {
      refreshInterval: store.refreshInterval,
      secretStoreRef: { name: store.storeName, kind: store.storeKind },
      // an archive cannot be read without its passphrase: the Secret outlives its ExternalSecret
      target: { name, creationPolicy: 'Owner', deletionPolicy: 'Retain' },
      data: keys.map((key) => ({
        secretKey: key,
        remoteRef: { key: store.remoteKeys[source], property: key },
      })),
    },
  }) satisfies IExternalSecret;

/** The object that makes an operator write a Secret; none where Pulumi writes it, as its values would pass through here. */
const sourceOf = ({ onePassword, externalSecret: store }: Sources, wanted: SystemSecret) => {
  if (onePassword) return onePasswordItem(onePassword, wanted);
  return store && externalSecret(store, wanted);
};

/** Where the system's own Secrets come from; their values never pass through here. */
export class BackupSecrets extends Construct {
  constructor(scope: Construct, id: string, props: BackupSecretsProps) {
    super(scope, id);
    const system = checked(this, secretsProps, props);
    if (!system) return;
    for (const wanted of secretsOf(system)) {
      const object = sourceOf(system.secrets, wanted);
      if (object) new ApiObject(this, wanted.source, { metadata: { name: wanted.name }, ...object });
    }
  }
}
