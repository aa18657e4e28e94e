import type { RunContext } from '../../../core/context.ts';
import { callJson, type InfluxdbSource } from '../http.ts';
import { resumed, suspended } from '../suspension.ts';
import { isSystem, listAll, type BucketMetadata, type LiveBucket } from './buckets.ts';

const nanosecondsPerSecond = 1_000_000_000n;

const retentionOf = ({ retentionPolicies: [policy] }: BucketMetadata): bigint => BigInt(policy.duration);

/** Retention as the API of buckets takes it; 0 is for ever. */
export const retentionRules = (metadata: BucketMetadata, retention = retentionOf(metadata)) => [
  {
    type: 'expire',
    everySeconds: Number(retention / nanosecondsPerSecond),
    shardGroupDurationSeconds:
      metadata.retentionPolicies[0].shardGroupDuration / Number(nanosecondsPerSecond),
  },
];

/** Changes a bucket. @throws BackupError restore.failed */
export const patchBucket = async (
  context: RunContext,
  source: InfluxdbSource,
  id: string,
  json: Readonly<Record<string, unknown>>,
): Promise<void> => {
  const path = `/api/v2/buckets/${id}`;
  await callJson(context, source, { method: 'PATCH', path, json, failure: 'restore.failed' });
};

/** Suspends the retention of buckets of a restored server, or puts it back. */
export const setRetention = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
  state: 'suspended' | 'in force',
): Promise<void> => {
  for (const metadata of buckets.filter((bucket) => !isSystem(bucket) && retentionOf(bucket) !== 0n)) {
    const retention = retentionOf(metadata);
    const rules = retentionRules(metadata, state === 'suspended' ? suspended(retention) : retention);
    await patchBucket(context, source, metadata.bucketID, { retentionRules: rules });
  }
};

/** Puts retention back that a killed restore left suspended. */
export const resumeRetention = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  for (const { id, name, retentionRules: rules = [] } of await listAll<LiveBucket>(
    context,
    source,
    'buckets',
    'restore.failed',
  )) {
    const [rule] = rules;
    const retention = rule && resumed(BigInt(rule.everySeconds) * nanosecondsPerSecond);
    if (retention === undefined) continue;
    const back = { ...rule, everySeconds: Number(retention / nanosecondsPerSecond) };
    await patchBucket(context, source, id, { retentionRules: [back] });
    context.log.warn({ bucket: name }, 'put back the retention that a killed restore had suspended');
  }
};
