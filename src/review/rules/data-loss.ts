import {
  added,
  both,
  either,
  existed,
  inPlan,
  inPod,
  leaves,
  lowered,
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
    ...inPlan(String.raw`(targets\[[^\]]*\]\.)?retention\.(days|weekly|monthly)$`),
    holds: lowered,
    why: 'the next prune removes archives that are kept today',
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
    why: 'a wrong clock or number empties more of a store before somebody sees it',
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
    ...inPlan(String.raw`(targets\[[^\]]*\]\.connection\.contentHash|verification\.level)$`),
    holds: either(leaves(true), leaves('deep')),
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
    why: 'new archives are readable by whoever reads the store, and nothing proves that they were not altered',
  },
  {
    name: 'encryption off by override',
    kinds: ['ConfigMap'],
    path: /^data\.BACKUP_ENCRYPTION_ENABLED$/,
    holds: leaves('true'),
    why: 'new archives are readable by whoever reads the store, and nothing proves that they were not altered',
  },
  {
    name: 'encryption key gone',
    ...inPlan(String.raw`encryption\.(secret|keys(\[[^\]]*\](\.secretKey)?)?)$`),
    holds: existed,
    why: 'archives made with the old key cannot be opened unless it is kept; rekey them first',
  },
  {
    name: 'Secret goes with its source',
    kinds: ['ExternalSecret'],
    path: /^spec\.target\.(deletionPolicy|creationPolicy)$/,
    holds: existed,
    why: 'the passphrase may be deleted with the ExternalSecret, and archives cannot be opened without it',
  },
];

const bucket: readonly Row[] = [
  {
    name: 'bucket removed or renamed',
    kinds: ['S3Bucket'],
    path: whole,
    holds: removed,
    why: 'Pulumi stops, as the bucket is protected, or it deletes it; archives are not found under a new name',
  },
  {
    name: 'bucket replaced',
    kinds: ['S3Bucket'],
    path: /^spec\.(region|prefix|accountId)$/,
    holds: existed,
    why: 'a bucket cannot move: a new and empty one takes its place',
  },
  {
    name: 'Object Lock lowered',
    kinds: ['S3Bucket'],
    path: /^spec\.objectLock(\.(mode|days))?$/,
    holds: either(removed, lowered, leaves('COMPLIANCE')),
    why: 'archives can be deleted sooner, or by more people',
  },
  {
    name: 'bucket deletes sooner',
    kinds: ['S3Bucket'],
    path: /^spec\.lifecycle\.(noncurrentDays|expireAfterDays)$/,
    holds: either(lowered, added),
    why: 'what was overwritten or deleted cannot be brought back for as long, or archives expire',
  },
  {
    name: 'replica removed or moved',
    kinds: ['S3Bucket'],
    path: /^spec\.replication(\.|$)/,
    holds: existed,
    why: 'the loss of one region takes every remote archive',
  },
  {
    name: 'access log kept shorter',
    kinds: ['S3Bucket'],
    path: /^spec\.accessLogDays$/,
    holds: lowered,
    why: 'evidence of who touched archives is removed',
  },
];

/** What can take archives away, or make them useless. */
export const dataLoss: readonly Rule[] = [
  ...volume,
  ...retention,
  ...targets,
  ...stores,
  ...encryption,
  ...bucket,
].map((row) => ({
  ...row,
  grade: 'data-loss',
}));
