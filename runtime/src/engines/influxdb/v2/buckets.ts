import { z } from 'zod';
import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import { callJson, type InfluxdbSource } from '../http.ts';
import type { Group } from '../intervals.ts';
import { parseJson } from '../json.ts';

const group = z.looseObject({
  startTime: z.iso.datetime(),
  /** Excluded. */
  endTime: z.iso.datetime(),
  deletedAt: z.string().optional(),
  /** Ids are numbers of 64 bits in the server, counted up from 1. */
  shards: z.array(z.looseObject({ id: z.int() })),
});

const bucketMetadata = z.looseObject({
  organizationID: z.string(),
  organizationName: z.string(),
  bucketID: z.string(),
  bucketName: z.string(),
  description: z.string().nullish(),
  retentionPolicies: z.tuple([
    z.looseObject({
      /** Nanoseconds; 0 for ever. */
      duration: z.number(),
      shardGroupDuration: z.number(),
      shardGroups: z.array(group),
    }),
  ]),
});

/** A bucket as `GET /api/v2/backup/metadata` describes it and `POST /api/v2/restore/bucketMetadata` takes it. */
export type BucketMetadata = z.output<typeof bucketMetadata>;

/** The server writes its errors into this part of a 200 answer. @throws BackupError */
export const parseBuckets = (text: string, failure: FailureCode): readonly BucketMetadata[] =>
  parseJson(z.array(bucketMetadata), text, 'the list of buckets', failure);

/** `/` and `%` of the organization's name are escaped, so that the first slash ends it and no two buckets share an item. */
const escaped = (organization: string): string => organization.replaceAll('%', '%25').replaceAll('/', '%2F');

/** Item of the fingerprint; `plain` as earlier versions wrote it. */
export const itemOf = ({ organizationName, bucketName }: BucketMetadata, plain = false): string =>
  `${plain ? organizationName : escaped(organizationName)}/${bucketName}`;

/** `_tasks` and `_monitoring` of each organization: the server writes them itself all the time. */
export const isSystem = ({ bucketName }: { readonly bucketName: string }): boolean =>
  bucketName.startsWith('_');

/** A group of shards that has data. */
interface ShardGroup extends Group {
  readonly shards: readonly number[];
}

/** Groups of shards; deleted ones are gone. */
export const groupsOf = ({ retentionPolicies }: BucketMetadata): readonly ShardGroup[] =>
  retentionPolicies.flatMap(({ shardGroups }) =>
    shardGroups
      .filter(({ deletedAt, shards }) => deletedAt === undefined && shards.length > 0)
      .map(({ startTime, endTime, shards }) => ({
        start: startTime,
        end: endTime,
        shards: shards.map(({ id }) => id),
      })),
  );

export const shardIds = (bucket: BucketMetadata): readonly number[] =>
  groupsOf(bucket).flatMap(({ shards }) => shards);

/** A bucket of the live server. */
export interface LiveBucket {
  readonly id: string;
  readonly name: string;
  readonly orgID: string;
  readonly type: 'user' | 'system';
  readonly description?: string;
  /** None, or a retention of 0, is for ever. */
  readonly retentionRules?: readonly { readonly everySeconds: number }[];
}

/** A bucket restored under a name of its own, beside the live one. */
export interface RestoredBucket {
  readonly metadata: BucketMetadata;
  /** What it is going to be called. */
  readonly name: string;
  readonly id: string;
  readonly orgID: string;
}

export interface Organization {
  readonly id: string;
  readonly name: string;
}

/** Most that the server gives at once (docs: limit of /api/v2/buckets and /api/v2/orgs). */
const pageLimit = 100;

/** All pages of a list. */
export const listAll = async <Item>(
  context: RunContext,
  source: InfluxdbSource,
  what: 'buckets' | 'orgs',
  failure: FailureCode,
): Promise<readonly Item[]> => {
  const found: Item[] = [];
  for (let offset = 0; ; offset += pageLimit) {
    const path = `/api/v2/${what}?limit=${pageLimit}&offset=${offset}`;
    const page = await callJson<Record<string, readonly Item[]>>(context, source, {
      method: 'GET',
      path,
      failure,
    });
    found.push(...(page[what] ?? []));
    if ((page[what] ?? []).length < pageLimit) return found;
  }
};
