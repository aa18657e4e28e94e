import { z } from 'zod';
import { quantityValue } from '../core/quantity.ts';

export const directoryConfig = z.strictObject({
  /** Where the volume is mounted. In a cluster `/backup` is the only one. @default /backup - where the documented commands look */
  path: z.string().startsWith('/').default('/backup'),
});

/** `s3://bucket/prefix`; the prefix may be empty. */
export const s3Base = z.string().regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[\w!.*'()/-]*)?$/, {
  error: 'expected s3://bucket or s3://bucket/prefix',
});

/** Slower than this, a connection that waits for its turn would look dead. */
const leastBandwidth = 64 * 1024;

/** Bytes per second, as a Kubernetes quantity: `50Mi`. */
const bandwidth = z
  .string()
  .regex(/^\d+(\.\d+)?(k|M|G|Ki|Mi|Gi)?$/, { error: 'expected bytes per second such as 50Mi' })
  .refine((text) => !((quantityValue(text) ?? 0) < leastBandwidth), { error: 'expected at least 64Ki' });

export const s3Config = z.strictObject({
  /** Bucket and prefix of the archives. */
  base: s3Base,
  /** Copies every archive there. @default true - a store that is named is meant to be used */
  sync: z.boolean().default(true),
  /** Region of the bucket. @default us-east-1 - what S3-compatible servers accept without a region of their own */
  region: z.string().min(1).default('us-east-1'),
  /** URL of an S3-compatible server. @default AWS's endpoint of the region - the SDK knows it */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  /** Names the bucket in the path instead of the host name. Most self-hosted servers want true. @default false - AWS wants the bucket as host name */
  forcePathStyle: z.boolean().default(false),
  /** PEM file with the CA of the endpoint's certificate. @default the system's CAs - public endpoints are signed by one of them */
  caFile: z.string().startsWith('/').optional(),
  /**
   * `when-supported` sends a CRC-32 with every write, which AWS asks for in buckets with Object Lock.
   * @default when-required - older gateways answer 411 or 501 to the SDK's checksums
   */
  checksums: z.enum(['when-required', 'when-supported']).default('when-required'),
  /**
   * False for a gateway that answers 400 or 501 to `If-None-Match`: see docs/reference/configuration.md#gateways-without-conditional-writes.
   * @default true - AWS, Ceph, MinIO and most others know it, and one request decides
   */
  conditionalWrites: z.boolean().default(true),
  /**
   * HTTP proxy on the way to the endpoint, `http://host:port`. Credentials of a proxy come with the variable HTTPS_PROXY. Egress
   * opens to its port; name its address in `network.objectStore`.
   * @default HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the process - as other programs have it
   */
  proxy: z
    .url({ protocol: /^http$/, error: 'expected http://host:port' })
    .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
      error: 'expected no credentials, which do not belong in a plan',
    })
    .optional(),
  /**
   * Parts of an upload, ranges of a download and pieces of a copy that are on their way at the same time. A run has 8 MiB of memory
   * for each: parts of an object above 11 GiB are larger, as it may have 10,000, and fewer go together. With `bandwidth` a download
   * is one range.
   * @default 4 - with the part that fills 40 MiB; S3 takes 50 to 90 MB/s of each, and a backup makes less than all of that
   */
  concurrency: z.int().min(1).max(64).default(4),
  /** Limit of uploads and downloads together. @default no limit - the sooner a copy is elsewhere the better */
  bandwidth: bandwidth.optional(),
  /** `secret` reads the keys of backup-encryption-secret; `default-chain` is the SDK's own (IRSA, instance role). @default secret - works with every gateway */
  credentials: z.enum(['secret', 'default-chain']).default('secret'),
});

export type DirectoryConfig = z.output<typeof directoryConfig>;
export type S3Config = z.output<typeof s3Config>;
