import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import { callJson, type InfluxdbSource } from '../http.ts';
import { listAll, type LiveBucket, type Organization } from './buckets.ts';
import { isEmptyBucket } from './count.ts';
import { listObjects } from './objects.ts';

const failure: FailureCode = 'restore.failed';

const lengthOf = async (context: RunContext, source: InfluxdbSource, what: string): Promise<number> => {
  const path = `/api/v2/${what}?limit=2`;
  const answer = await callJson<Record<string, readonly unknown[]>>(context, source, {
    method: 'GET',
    path,
    failure,
  });
  return answer[what]?.length ?? 0;
};

/**
 * True for a server that nobody has used since its setup: one organization, user and token, at most one bucket, which is
 * empty, and nothing else of any kind. Only such a server is replaced as a whole; in any other only buckets are.
 */
export const isFresh = async (context: RunContext, source: InfluxdbSource): Promise<boolean> => {
  for (const what of ['users', 'authorizations'])
    if ((await lengthOf(context, source, what)) > 1) return false;
  if ((await listAll<Organization>(context, source, 'orgs', failure)).length > 1) return false;
  if ((await listObjects(context, source, failure)).length > 0) return false;
  const buckets = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const [bucket, ...others] = buckets.filter(({ type }) => type === 'user');
  return others.length === 0 && (!bucket || isEmptyBucket(context, source, bucket, failure));
};
