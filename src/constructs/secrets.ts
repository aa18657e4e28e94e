import type { IExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1/ExternalSecret';
import { ApiObject } from 'cdk8s';
import { Construct } from 'constructs';
import { secrets as contract } from '../../runtime/src/contract/secrets.ts';
import { secretKeysOf } from '../../runtime/src/notify/config.ts';
import type { Environment } from '../environment.ts';

type Sources = Environment['secrets'];

/** A Secret to be made by an operator. */
interface Wanted {
  readonly source: 'encryption' | 'notification';
  readonly name: string;
  readonly keys: readonly string[];
}

/** Every passphrase of the plan; S3 credentials only where the store takes them from the Secret. */
const wantedBy = ({ encryption, stores, notifications }: Environment): readonly Wanted[] => {
  const { s3AccessKey, s3SecretKey } = contract.encryption.keys;
  const passphrases = encryption.keys.map(({ secretKey }) => secretKey);
  const s3Keys = stores.s3?.credentials === 'secret' ? [s3AccessKey, s3SecretKey] : [];
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

const onePasswordItem = ({ vault, items }: NonNullable<Sources['onePassword']>, { source }: Wanted) => ({
  apiVersion: 'onepassword.com/v1',
  kind: 'OnePasswordItem',
  spec: { itemPath: `vaults/${vault}/items/${items[source]}` },
});

const externalSecret = (store: NonNullable<Sources['externalSecret']>, { source, name, keys }: Wanted) =>
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

/** Where the system's own Secrets come from; their values never pass through here. */
export class Secrets extends Construct {
  constructor(scope: Construct, environment: Environment) {
    super(scope, 'secrets');
    const { onePassword, externalSecret: store } = environment.secrets;
    for (const wanted of wantedBy(environment)) {
      const object = onePassword ? onePasswordItem(onePassword, wanted) : externalSecret(store!, wanted);
      new ApiObject(this, wanted.name, { metadata: { name: wanted.name }, ...object });
    }
  }
}
