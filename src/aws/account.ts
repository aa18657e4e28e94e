import { engineNamed } from '../../runtime/src/engines/registry.ts';
import type { Plan } from '../../runtime/src/plan/schema.ts';
import { bucketOf, type AwsConfig, type ObjectLock } from './config.ts';
import { partitionOf } from './document.ts';
import { outputOf } from './resource.ts';

/** One bucket that holds archives, with the key it is encrypted with. */
export interface Place {
  /** Logical name of bucket and key. */
  readonly name: 'archives' | 'replica';
  readonly bucket: string;
  readonly region: string;
}

/** What all AWS resources of an environment are made from. */
export interface Account {
  readonly accountId: string;
  readonly partition: string;
  /** Of the keys of all archives: empty, or ends with a slash. */
  readonly prefix: string;
  readonly archives: Place;
  readonly replica?: Place;
  /** Lock of new versions where parts go on in the bucket, whose locks are then prolonged. */
  readonly prolonged?: ObjectLock;
  /** Name of the user or role that the backup pods are. */
  readonly identity: string;
  /** Kind of that identity: a user with an access key, or a role of the pods' service accounts. */
  readonly identityKind: 'User' | 'Role';
  /** Name of the role of the console; absent where none is made for it. */
  readonly consoleRole?: string;
}

/** The part of an environment that AWS is about. */
export interface Wanted {
  readonly aws: AwsConfig;
  readonly stores?: Plan['stores'] | undefined;
  /** Its account has a role of its own: that of somebody else, where it is named. */
  readonly console?: { readonly enabled: boolean; readonly awsRole?: string | undefined } | undefined;
  readonly targets: readonly Pick<Plan['targets'][number], 'engine' | 'parts'>[];
}

/** True where archives of a target may be stored as parts. */
const mayHaveParts = ({ engine, parts }: Wanted['targets'][number]): boolean =>
  parts !== false && engineNamed(engine).parts !== undefined;

/** Undefined where Pulumi makes nothing in AWS. */
export const accountOf = ({ aws, stores, targets, console }: Wanted): Account | undefined => {
  const { enabled, accountId, replication, irsa, objectLock } = aws;
  if (!enabled || accountId === undefined || !stores?.s3) return undefined;
  const { base, region } = stores.s3;
  const { name: bucket, prefix } = bucketOf(base);
  return {
    accountId,
    partition: partitionOf(region),
    prefix,
    archives: { name: 'archives', bucket, region },
    ...(objectLock && targets.some(mayHaveParts) && { prolonged: objectLock }),
    ...(replication && { replica: { name: 'replica', ...replication } }),
    identity: bucket,
    identityKind: irsa ? 'Role' : 'User',
    ...(irsa && console?.enabled && !console.awsRole && { consoleRole: `${bucket}-console` }),
  };
};

export const bucketArn = ({ name }: Place): string => outputOf('Bucket', name, 'arn');
export const keyArn = ({ name }: Place): string => outputOf('Key', name, 'arn');
export const identityArn = ({ identityKind }: Account): string => outputOf(identityKind, 'backup', 'arn');

/** Every archive and what lies beside it. */
export const objectsArn = (place: Place, { prefix }: Account): string => `${bucketArn(place)}/${prefix}*`;

/** Parts of archives. */
export const partsArn = (place: Place, { prefix }: Account): string => `${bucketArn(place)}/${prefix}parts/*`;

const roleArn = ({ partition, accountId }: Account, name: string): string =>
  `arn:${partition}:iam::${accountId}:role/${name}`;

/** Role that the service accounts of the backup pods assume; undefined where the pods use an access key. */
export const podRoleArn = (environment: Omit<Wanted, 'targets'>): string | undefined => {
  const account = accountOf({ ...environment, targets: [] });
  return account?.identityKind === 'Role' ? roleArn(account, account.identity) : undefined;
};

/** Role that the service account of the console assumes: that of the environment, else the one that is made. */
export const consoleRoleArn = (environment: Omit<Wanted, 'targets'>): string | undefined => {
  const account = accountOf({ ...environment, targets: [] });
  return account?.consoleRole ? roleArn(account, account.consoleRole) : environment.console?.awsRole;
};
