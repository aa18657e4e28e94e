import { isAws, isKubernetes, kindOf, listAt, treeAt, type Finding, type LinkedResource } from './rule.ts';
import type { Resource, Rule, StackRule, Tree } from './rule.ts';

const dataKinds = ['Bucket', 'Key'];
const dataObjects = ['Namespace', 'PersistentVolumeClaim'];

const passphraseKey = /passphrase|encryption.?key/i;

/** What is sealed cannot be read without it. */
const holdsPassphrase = (resource: Resource): boolean =>
  kindOf(resource) === 'Secret' &&
  ['data', 'stringData']
    .flatMap((field) => Object.keys(treeAt(resource.props, field)))
    .some((key) => passphraseKey.test(key));

const holdsData = (resource: Resource): boolean =>
  (isAws(resource) && dataKinds.includes(kindOf(resource))) ||
  (isKubernetes(resource) && (dataObjects.includes(kindOf(resource)) || holdsPassphrase(resource)));

export const dataRules: readonly Rule[] = [
  {
    name: 'data-protected',
    description: 'What holds data, or the passphrase that opens it, is not deleted or replaced by a slip.',
    severity: 'critical',
    check: (resource) =>
      holdsData(resource) && !resource.opts.protect ? ['is not protected, expected protect: true'] : [],
  },
];

const settings = [
  'BucketPolicy',
  'BucketPublicAccessBlock',
  'BucketServerSideEncryptionConfiguration',
  'BucketVersioning',
];

const ofKind = (resources: readonly LinkedResource[], kind: string): readonly LinkedResource[] =>
  resources.filter((resource) => isAws(resource) && kindOf(resource) === kind);

/** Settings of a bucket: their input `bucket` comes from it. */
const settingsOf = (bucket: Resource, resources: readonly LinkedResource[], kind: string) =>
  ofKind(resources, kind).filter(({ propertyDependencies }) =>
    (propertyDependencies['bucket'] ?? []).some(({ urn }) => urn === bucket.urn),
  );

const incomplete = (resources: readonly LinkedResource[]): readonly Finding[] =>
  ofKind(resources, 'Bucket').flatMap((bucket) =>
    settings
      .filter((kind) => !settingsOf(bucket, resources, kind).length)
      .map((kind) => ({ message: `has no ${kind}`, urn: bucket.urn })),
  );

const lockDaysOf = (props: Tree): number => Number(treeAt(props, 'rule', 'defaultRetention')['days'] ?? 0);

/** Days that the plan in ConfigMap backup-config keeps archives at least; none without a plan. */
const retentionDays = (resources: readonly LinkedResource[]): readonly number[] =>
  resources
    .filter((resource) => isKubernetes(resource) && kindOf(resource) === 'ConfigMap')
    .flatMap(({ props }) => {
      const text = treeAt(props, 'data')['plan.json'];
      if (typeof text !== 'string') return [];
      const plan = JSON.parse(text) as Tree;
      const usual = treeAt(plan, 'retention')['days'];
      return listAt(plan, 'targets').map((target) => Number(treeAt(target, 'retention')['days'] ?? usual));
    });

const versionsGoEarly = (rules: readonly Tree[], lockDays: number): readonly string[] =>
  rules.flatMap((rule) => {
    const kept = Number(treeAt(rule, 'noncurrentVersionExpiration')['noncurrentDays']);
    const current = Number(treeAt(rule, 'expiration')['days']);
    return [
      ...(kept < lockDays
        ? [`removes versions after ${kept} days, expected at least ${lockDays}, that of the lock`]
        : []),
      ...(current < lockDays
        ? [`removes objects after ${current} days, expected at least ${lockDays}, that of the lock`]
        : []),
    ];
  });

const contradictions = (resources: readonly LinkedResource[]): readonly Finding[] =>
  ofKind(resources, 'Bucket').flatMap((bucket) =>
    settingsOf(bucket, resources, 'BucketObjectLockConfiguration').flatMap(({ urn, props }) => {
      const lockDays = lockDaysOf(props);
      const shortest = Math.min(...retentionDays(resources));
      const tooLong = lockDays > shortest;
      const early = settingsOf(bucket, resources, 'BucketLifecycleConfiguration').flatMap((lifecycle) =>
        versionsGoEarly(listAt(lifecycle.props, 'rules'), lockDays).map((message) => ({
          message,
          urn: lifecycle.urn,
        })),
      );
      const message = `locks for ${lockDays} days, expected at most ${shortest}, the shortest retention of the plan`;
      return [...(tooLong ? [{ message, urn }] : []), ...early];
    }),
  );

export const stackRules: readonly StackRule[] = [
  {
    name: 'bucket-complete',
    description: 'Every bucket is versioned, encrypted, closed to the public, and has a policy.',
    severity: 'high',
    checkAll: incomplete,
  },
  {
    name: 'lock-within-retention',
    description: 'Object Lock ends before retention and lifecycle remove what it holds.',
    severity: 'medium',
    checkAll: contradictions,
  },
];
