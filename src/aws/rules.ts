import type { z } from 'zod';
import { bucketOf } from './config.ts';
import { expiry, lock, tiering } from './limits.ts';
import type { Draft, Rule } from './rule.ts';

/** IAM names have 64 characters at most; the longest here is the bucket's and `-replication`. */
const longestBucketName = 64 - '-replication'.length;

const account: Rule = ({ accountId }, { stores }) => [
  !stores?.s3 && { path: ['aws', 'enabled'], allowed: 'expected stores.s3, which names the bucket to make' },
  Boolean(stores?.s3?.endpoint) && {
    path: ['aws', 'enabled'],
    allowed: 'expected false, as stores.s3.endpoint is not AWS',
  },
  accountId === undefined && {
    path: ['aws', 'accountId'],
    allowed: 'expected 12 digits',
    hint: 'your own account: Pulumi works in no other',
  },
];

const identity: Rule = ({ irsa }, { stores }) => {
  const chained = stores?.s3?.credentials === 'default-chain';
  return [
    chained &&
      !irsa && {
        path: ['aws', 'irsa'],
        allowed: 'expected the issuer of the cluster, as stores.s3.credentials is default-chain',
      },
    !chained &&
      irsa && {
        path: ['stores', 's3', 'credentials'],
        allowed: 'expected default-chain, as aws.irsa gives the pods a role',
      },
  ];
};

const names: Rule = ({ replication }, { stores }) => {
  const base = stores?.s3?.base;
  const own = typeof base === 'string' && URL.canParse(base) ? bucketOf(base).name : '';
  const allowed = `expected a bucket name of at most ${longestBucketName} characters, as names of roles are longer`;
  return [
    own.length > longestBucketName && { path: ['stores', 's3', 'base'], allowed },
    replication?.bucket === own && {
      path: ['aws', 'replication', 'bucket'],
      allowed: 'expected another bucket than that of stores.s3.base',
    },
    (replication?.bucket?.length ?? 0) > longestBucketName && {
      path: ['aws', 'replication', 'bucket'],
      allowed,
    },
    replication?.region !== undefined &&
      replication.region === stores?.s3?.region && {
        path: ['aws', 'replication', 'region'],
        allowed: `expected another region than ${replication.region}, that of stores.s3`,
      },
  ];
};

const rules: readonly Rule[] = [account, identity, names, tiering, expiry, lock];

/** Contradictions between bucket, Object Lock, lifecycle, retention and credentials, with their figures. */
export const checkAws = (input: unknown, context: z.core.$RefinementCtx): void => {
  const draft = input as Draft;
  const { aws } = draft;
  if (!aws?.enabled) return;
  for (const finding of rules.flatMap((rule) => rule(aws, draft)))
    if (finding)
      context.addIssue({
        code: 'custom',
        path: [...finding.path],
        message: finding.allowed,
        params: { hint: finding.hint },
      });
};
