import { z } from 'zod';
import { quantityValue } from '../core/quantity.ts';

export const directoryConfig = z.strictObject({
  /** Mount of the volume. @default /backup - where the seed's commands look */
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
  base: s3Base,
  /** Copy archives there. @default true - a remote that is named is meant to be used */
  sync: z.boolean().default(true),
  /** @default us-east-1 - what S3-compatible servers accept without a region of their own */
  region: z.string().min(1).default('us-east-1'),
  /** @default AWS's endpoint of the region - the SDK knows it */
  endpoint: z.url({ protocol: /^https?$/ }).optional(),
  /** @default false - AWS wants virtual hosts; most self-hosted servers want true */
  forcePathStyle: z.boolean().default(false),
  /** PEM file of the CA that signed the endpoint's certificate. @default the system's CAs - public endpoints are signed by one of them */
  caFile: z.string().startsWith('/').optional(),
  /**
   * `when-supported` sends a CRC-32 with every write, which AWS asks for in buckets with Object Lock.
   * @default when-required - older gateways answer 411 or 501 to the SDK's checksums
   */
  checksums: z.enum(['when-required', 'when-supported']).default('when-required'),
  /**
   * False for a gateway that knows no `If-None-Match` and answers 400 or 501 to it. A lock is then taken by writing it,
   * waiting 3 s and reading it back, which costs so long for every object that must not be overwritten.
   * @default true - AWS, Ceph, MinIO and most others know it, and one request decides
   */
  conditionalWrites: z.boolean().default(true),
  /**
   * HTTP proxy on the way to the endpoint, `http://host:port`, without credentials: those come with HTTPS_PROXY.
   * @default HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the process - as other programs have it
   */
  proxy: z
    .url({ protocol: /^http$/, error: 'expected http://host:port' })
    .refine((url) => !URL.canParse(url) || new URL(url).username === '', {
      error: 'expected no credentials, which are no part of a plan',
    })
    .optional(),
  /** Most that uploads and downloads together take, per second. @default no limit - the sooner a copy is elsewhere the better */
  bandwidth: bandwidth.optional(),
  /** `secret` reads the keys of backup-encryption-secret; `default-chain` is the SDK's own (IRSA, instance role). @default secret - works with every gateway */
  credentials: z.enum(['secret', 'default-chain']).default('secret'),
});

export type DirectoryConfig = z.output<typeof directoryConfig>;
export type S3Config = z.output<typeof s3Config>;
