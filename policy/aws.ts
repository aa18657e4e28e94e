import { isAws, kindOf, listAt, treeAt, type Resource, type Rule, type Tree } from './rule.ts';

const about =
  (kind: string, check: (props: Tree) => readonly string[]) =>
  (resource: Resource): readonly string[] =>
    isAws(resource) && kindOf(resource) === kind ? check(resource.props) : [];

const blocks = ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'];

interface Statement {
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Action?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: unknown;
}

const statementsOf = (policy: unknown): readonly Statement[] => {
  const document = typeof policy === 'string' ? (JSON.parse(policy) as Tree) : treeAt(policy);
  return listAt(document, 'Statement');
};

const listOf = (value: string | readonly string[] = []): readonly string[] =>
  typeof value === 'string' ? [value] : value;

const refusesPlainHttp = ({ Effect, Principal, Condition }: Statement): boolean =>
  Effect === 'Deny' && Principal === '*' && treeAt(Condition, 'Bool')['aws:SecureTransport'] === 'false';

const isForAnybody = (principal: unknown): boolean =>
  principal === '*' || treeAt({ principal }, 'principal')['AWS'] === '*';

const encryptions = (props: Tree): readonly string[] => {
  const used = listAt(props, 'rules').map((rule) => treeAt(rule, 'applyServerSideEncryptionByDefault'));
  if (!used.length) return ['has no default encryption'];
  return used.flatMap(({ sseAlgorithm, kmsMasterKeyId }) =>
    sseAlgorithm === 'aws:kms' && !kmsMasterKeyId
      ? ["is encrypted with AWS's key, expected one of its own"]
      : [],
  );
};

const wide = (policy: unknown): readonly string[] =>
  statementsOf(policy)
    .filter(({ Effect }) => Effect === 'Allow')
    .flatMap(({ Action, Resource: resources }) => [
      ...listOf(Action).filter((action) => /^(\*|\w+:\*)$/.test(action)),
      ...listOf(resources).filter((arn) => arn === '*'),
    ])
    .map((found) => `allows ${found}, expected actions and resources by name`);

export const awsRules: readonly Rule[] = [
  {
    name: 'bucket-not-public',
    description: 'Buckets are closed to the public, whatever policies and lists say.',
    severity: 'critical',
    check: about('BucketPublicAccessBlock', (props) =>
      blocks.filter((block) => props[block] !== true).map((block) => `${block} is not true`),
    ),
  },
  {
    name: 'bucket-versioned',
    description: 'Overwritten and deleted objects can be recovered.',
    severity: 'high',
    check: about('BucketVersioning', (props) => {
      const { status } = treeAt(props, 'versioningConfiguration');
      return status === 'Enabled' ? [] : [`versioning is ${String(status)}, expected Enabled`];
    }),
  },
  {
    name: 'bucket-encrypted',
    description: 'Objects are encrypted, with a key of their own where it is KMS.',
    severity: 'high',
    check: about('BucketServerSideEncryptionConfiguration', encryptions),
  },
  {
    name: 'bucket-policy-tls',
    description: 'Requests without TLS are refused.',
    severity: 'high',
    check: about('BucketPolicy', ({ policy }) =>
      statementsOf(policy).some(refusesPlainHttp) ? [] : ['takes requests without TLS'],
    ),
  },
  {
    name: 'bucket-policy-closed',
    description: 'No policy of a bucket allows anything to everybody.',
    severity: 'critical',
    check: about('BucketPolicy', ({ policy }) =>
      statementsOf(policy).some(({ Effect, Principal }) => Effect === 'Allow' && isForAnybody(Principal))
        ? ['allows something to everybody']
        : [],
    ),
  },
  {
    name: 'key-rotates',
    description: 'KMS keys are rotated, and their deletion can be cancelled for 30 days.',
    severity: 'medium',
    check: about('Key', ({ enableKeyRotation, deletionWindowInDays }) => [
      ...(enableKeyRotation === true ? [] : ['is not rotated']),
      ...(deletionWindowInDays === undefined || deletionWindowInDays === 30
        ? []
        : [`is deleted ${Number(deletionWindowInDays)} days after the request, expected 30`]),
    ]),
  },
  {
    name: 'identity-least-privilege',
    description: 'Policies of users and roles name their actions and resources.',
    severity: 'high',
    check: (resource) =>
      ['UserPolicy', 'RolePolicy', 'Policy'].includes(kindOf(resource)) && isAws(resource)
        ? wide(resource.props['policy'])
        : [],
  },
];
