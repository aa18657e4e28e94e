import { incomparable } from '../aws.ts';
import {
  added,
  both,
  either,
  existed,
  inPlan,
  inPod,
  leaves,
  lowered,
  ofAws,
  raised,
  removed,
  whole,
  type Rule,
} from '../rule.ts';

type Row = Omit<Rule, 'grade'>;

const volume: readonly Row[] = [
  {
    name: 'volume removed',
    kinds: ['PersistentVolumeClaim'],
    path: whole,
    holds: removed,
    why: 'the claim and, by its class, every archive on it are deleted',
  },
  {
    name: 'volume shrinks',
    kinds: ['PersistentVolumeClaim'],
    path: /^spec\.resources\.requests\.storage$/,
    holds: lowered,
    why: 'a claim cannot shrink; it would have to be deleted with its archives',
  },
  {
    name: 'volume replaced',
    kinds: ['PersistentVolumeClaim'],
    path: /^spec\.(?!resources)/,
    why: 'this field of a claim is immutable; the claim would have to be deleted with its archives',
  },
  {
    name: 'volume of the archives changed in a pod',
    ...inPod(String.raw`volumes\[[^\]]*\]\.persistentVolumeClaim(\.|$)`),
    holds: existed,
    why: 'archives go to another volume, and the old ones are not found',
  },
  {
    name: 'namespace taken over',
    kinds: ['Namespace'],
    path: whole,
    holds: added,
    why: 'deleting the manifests then deletes everything in it, databases included: only for a namespace of its own',
  },
  {
    name: 'namespace removed',
    kinds: ['Namespace'],
    path: whole,
    holds: removed,
    why: 'everything in it goes, volumes included',
  },
];

const retention: readonly Row[] = [
  {
    name: 'retention shortened',
    ...inPlan(String.raw`(targets\[[^\]]*\]\.)?retention\.(hours|days|weekly|monthly)$`),
    holds: lowered,
    why: 'the next prune removes archives that are kept today',
  },
  {
    name: 'log no longer kept',
    ...inPlan(String.raw`targets\[[^\]]*\]\.pointInTime$`),
    holds: removed,
    why: 'only the nightly archives can be restored, and the slot that is left fills the disk of the server: grill-backup wal release, before this is applied',
  },
  {
    name: 'window of the log shortened',
    ...inPlan(String.raw`targets\[[^\]]*\]\.pointInTime\.window$`),
    holds: lowered,
    why: 'instants that can be restored today will not be',
  },
  {
    name: 'another slot',
    ...inPlan(String.raw`targets\[[^\]]*\]\.pointInTime\.slot$`),
    why: 'the old one is left on the server and fills its disk: grill-backup wal release, before this is applied',
  },
  {
    name: 'retention shortened by override',
    kinds: ['ConfigMap'],
    path: /^data\.BACKUP_RETENTION_DAYS$/,
    holds: lowered,
    why: 'the next prune removes archives that are kept today',
  },
  {
    name: 'one run may remove more',
    ...inPlan(String.raw`(targets\[[^\]]*\]\.)?retention\.maxShare$`),
    holds: raised,
    why: 'a wrong clock or number removes more of a store before anybody notices',
  },
  {
    name: 'reports kept shorter',
    ...inPlan(String.raw`verification\.reportDays$`),
    holds: either(lowered, removed),
    why: 'reports that auditors may ask for are removed',
  },
];

const targets: readonly Row[] = [
  {
    name: 'target removed',
    ...inPlan(String.raw`targets(\[[^\]]*\])?$`),
    holds: removed,
    why: 'this database is not backed up any more',
  },
  {
    name: 'another database under the same name',
    ...inPlan(
      String.raw`targets\[[^\]]*\]\.(engine|connection\.(host|port|database|databases|buckets|org))(\[|$)`,
    ),
    holds: existed,
    why: 'archives of the new database push those of the old one out of retention',
  },
  {
    name: 'less of the source is backed up or checked',
    ...inPlan(String.raw`(targets\[[^\]]*\]\.connection\.(contentHash|count)|verification\.level)$`),
    holds: either(leaves(true), leaves('deep'), leaves('server')),
    why: 'silent damage is found only when somebody needs the archive',
  },
];

const stores: readonly Row[] = [
  {
    name: 'store removed',
    ...inPlan(String.raw`stores\.(directory|s3)$`),
    holds: removed,
    why: 'one copy of every archive less, and what is there is neither checked nor found',
  },
  {
    name: 'store moved',
    ...inPlan(String.raw`stores\.(directory\.path|s3\.(base|region|endpoint))$`),
    holds: existed,
    why: 'archives of the old place are neither found nor checked nor pruned',
  },
  {
    name: 'remote copies off',
    ...inPlan(String.raw`stores\.s3\.sync$`),
    holds: leaves(true),
    why: 'the volume in the cluster holds the only copy',
  },
  {
    name: 'remote copies off or moved by override',
    kinds: ['ConfigMap'],
    path: /^data\.(BACKUP_REMOTE_SYNC|BACKUP_REMOTE_BASE)$/,
    holds: both(existed, ({ after, before }) => after !== 'true' && before !== '' && before !== 'false'),
    why: 'the volume in the cluster holds the only copy, or archives of the old place are not found',
  },
];

const encryption: readonly Row[] = [
  {
    name: 'encryption off',
    ...inPlan(String.raw`encryption\.enabled$`),
    holds: leaves(true),
    why: 'anyone who can read the store can read new archives, and nothing proves that they were not altered',
  },
  {
    name: 'encryption off by override',
    kinds: ['ConfigMap'],
    path: /^data\.BACKUP_ENCRYPTION_ENABLED$/,
    holds: leaves('true'),
    why: 'anyone who can read the store can read new archives, and nothing proves that they were not altered',
  },
  {
    name: 'encryption key gone',
    ...inPlan(String.raw`encryption\.(secret|keys(\[[^\]]*\](\.secretKey)?)?)$`),
    holds: existed,
    why: 'archives made with the old key cannot be opened unless it is kept; rekey them first',
  },
  {
    name: 'Secret is removed with its source',
    kinds: ['ExternalSecret'],
    path: /^spec\.target\.(deletionPolicy|creationPolicy)$/,
    holds: existed,
    why: 'the passphrase may be deleted with the ExternalSecret, and archives cannot be opened without it',
  },
];

const aws: readonly Row[] = [
  {
    name: 'AWS not comparable',
    kinds: [incomparable],
    path: whole,
    why: 'the environment file of the older revision is not valid any more: compare its `aws` part manually',
  },
  {
    name: 'bucket or key removed',
    kinds: ofAws('Bucket', 'Key'),
    path: whole,
    holds: removed,
    why: 'Pulumi stops, as both are protected; without the key no object of the bucket can be read',
  },
  {
    name: 'bucket or key replaced',
    kinds: ofAws('Bucket', 'Key'),
    path: /^spec\.(bucket|region|customerMasterKeySpec|keyUsage)$/,
    holds: existed,
    why: 'neither can be renamed or moved: a new and empty one takes its place',
  },
  {
    name: 'key deleted sooner',
    kinds: ofAws('Key'),
    path: /^spec\.(deletionWindowInDays|isEnabled)$/,
    holds: either(lowered, removed, leaves(true)),
    why: 'without the key no object of the bucket can be read, and nobody has time to see it',
  },
  {
    name: 'Object Lock removed',
    kinds: ofAws('BucketObjectLockConfiguration'),
    path: whole,
    holds: removed,
    why: 'anyone with the access key can delete new archives at once',
  },
  {
    name: 'Object Lock lowered',
    kinds: ofAws('BucketObjectLockConfiguration'),
    path: /^spec\.(objectLockEnabled$|rule)/,
    holds: either(removed, lowered, leaves('COMPLIANCE'), leaves('Enabled')),
    why: 'archives can be deleted sooner, or by more people',
  },
  {
    name: 'bucket deletes sooner or more',
    kinds: ofAws('BucketLifecycleConfiguration'),
    path: /(xpiration\.(days|date|noncurrentDays|newerNoncurrentVersions)|\.filter\..*)$/,
    holds: either(lowered, added, ({ path }) => path.includes('.filter.')),
    why: 'archives, versions or logs are removed that would still be there',
  },
  {
    name: 'versioning off',
    kinds: ofAws('BucketVersioning'),
    path: /^(spec\.versioningConfiguration.*)?$/,
    holds: existed,
    why: 'what is overwritten or deleted cannot be brought back',
  },
  {
    name: 'replica removed or changed',
    kinds: ofAws('BucketReplicationConfig'),
    path: /^(spec.*)?$/,
    holds: existed,
    why: 'the loss of one region may take every remote archive',
  },
];

/** What can take archives away, or make them useless. */
export const dataLoss: readonly Rule[] = [
  ...volume,
  ...retention,
  ...targets,
  ...stores,
  ...encryption,
  ...aws,
].map((row) => ({
  ...row,
  grade: 'data-loss',
}));
