import { z } from 'zod';
import { planShape } from '../../runtime/src/plan/schema.ts';

/** Bucket of `s3://bucket/prefix`, and the prefix, which is empty or ends with a slash. */
export const bucketOf = (base: string): { readonly name: string; readonly prefix: string } => {
  const { hostname, pathname } = new URL(base);
  const folders = pathname.split('/').filter(Boolean);
  return { name: hostname, prefix: folders.map((folder) => `${folder}/`).join('') };
};

const { base } = planShape.stores.shape.s3.unwrap().shape;

const bucketName = z.string().refine((name) => base.safeParse(`s3://${name}`).success, {
  error: 'expected the name of a bucket',
});

const lifecycle = z.strictObject({
  /** Days until archives move to `archiveClass`. @default 30 - dailies are mostly gone by then */
  archiveAfterDays: z.int().min(1).default(30),
  /** Storage class of older archives; `STANDARD_IA` from 30 days on. @default GLACIER_IR - cheap and readable at once, as a restore needs */
  archiveClass: z.enum(['STANDARD_IA', 'GLACIER_IR']).default('GLACIER_IR'),
  /** Days that overwritten and deleted objects can be brought back; at least `objectLock.days`. @default 30 - a mistake is noticed within a month */
  noncurrentDays: z.int().min(1).default(30),
  /** Days after which parts of unfinished uploads go. @default 2 - the longest run takes less */
  abortUploadDays: z.int().min(1).default(2),
  /**
   * Days after which the bucket itself removes archives, the last ones too after backups stopped; no less than retention keeps any.
   * @default never - retention removes them, and keeps the newest
   */
  expireAfterDays: z.int().min(1).optional(),
});

/** Lock of every new version. */
const objectLock = z.strictObject({
  /** In `GOVERNANCE` mode an account with `s3:BypassGovernanceRetention` can still remove a version, in `COMPLIANCE` mode nobody can. */
  mode: z.enum(['GOVERNANCE', 'COMPLIANCE']),
  /** Days that a version is locked; at most the shortest `retention.days` or `pointInTime.window`, as what is locked cannot be pruned. */
  days: z.int().min(1),
});

/** What Pulumi makes in AWS for the store `stores.s3`: docs/how-to/deploying.md#what-is-made-in-aws. */
export const awsConfig = z
  .strictObject({
    /** True: Pulumi makes the bucket of `stores.s3.base`, its key, its access log, and the identity of the pods. @default false - a bucket that exists is not taken over */
    enabled: z.boolean().default(false),
    /** Account; Pulumi refuses to work in any other. @default none - it is required with `enabled` */
    accountId: z
      .string()
      .regex(/^\d{12}$/, { error: 'expected 12 digits' })
      .optional(),
    /** What happens to objects with time. */
    lifecycle: lifecycle.prefault({}),
    /** Object Lock of every new version. @default none - it can be switched on but never off */
    objectLock: objectLock.optional(),
    /** A second bucket in another region that gets every object. @default none - it doubles the cost of storage */
    replication: z
      .strictObject({
        /** Name of the second bucket. */
        bucket: bucketName,
        /** Region of the second bucket. */
        region: z.string().min(1),
      })
      .optional(),
    /** Days that the log of all requests is kept. @default 365 - what auditors ask for */
    accessLogDays: z.int().min(1).default(365),
    /**
     * Role for the service accounts of the pods (EKS), with `stores.s3.credentials: default-chain`.
     * @default none - a user with an access key works in every cluster
     */
    irsa: z
      .strictObject({
        /** OIDC issuer of the cluster without `https://`. */
        issuer: z.string().regex(/^[a-z0-9.-]+(\/[\w./-]*)?$/, {
          error: 'expected an issuer such as oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE',
        }),
      })
      .optional(),
  })
  .prefault({});

export type ObjectLock = z.output<typeof objectLock>;

export type AwsConfig = z.output<typeof awsConfig>;
