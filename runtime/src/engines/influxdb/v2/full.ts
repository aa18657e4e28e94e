import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, type FailureCode } from '../../../core/errors.ts';
import type { Entries, Restored, RestoreRequest } from '../../engine.ts';
import { callJson, callText, type InfluxdbSource } from '../http.ts';
import { agree } from '../ranges.ts';
import { listAll, type LiveBucket, type Organization } from './buckets.ts';
import { countBucket, countNow } from './count.ts';
import { readEntries } from './entries.ts';
import { sendShard } from './shards.ts';

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

/** At most this many of each are there after a setup. */
const afterSetup = { users: 1, authorizations: 1, dashboards: 0, tasks: 0 };

/** Bound of a count of everything: InfluxDB stores times up to 2262-04-11. */
const latest = new Date('2262-01-01T00:00:00Z');

/**
 * True for a server that nobody has used since its setup: one organization, user and token, at most one bucket, which is
 * empty, no task, no dashboard. Only such a server is replaced as a whole; in any other only buckets are.
 */
export const isFresh = async (context: RunContext, source: InfluxdbSource): Promise<boolean> => {
  for (const [what, most] of Object.entries(afterSetup))
    if ((await lengthOf(context, source, what)) > most) return false;
  if ((await listAll<Organization>(context, source, 'orgs', failure)).length > 1) return false;
  const buckets = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const [bucket, ...others] = buckets.filter(({ type }) => type === 'user');
  if (others.length > 0) return false;
  return !bucket || (await countBucket(context, source, bucket, latest, failure)).points === 0;
};

/** A store's file cut short kills the server, or is taken as it is; a gzip stream cut short changes nothing. */
const sendStore = (
  context: RunContext,
  source: InfluxdbSource,
  path: string,
  content: AsyncIterable<Buffer>,
): Promise<string> =>
  callText(context, source, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' },
    body: pipeline(content, createGzip({ level: 1 }), () => {}), // errors surface through the iterator
    failure,
  });

const tokenOf = (answer: string): string => {
  const { token } = JSON.parse(answer) as { token?: string };
  if (token) return token;
  throw new BackupError(failure, 'the restored server has no operator token');
};

/** Replaces the whole server: users, tokens, organizations, tasks, dashboards, buckets and all their points. */
export const restoreFull = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  let restored = source;
  await readEntries(entries, {
    kv: async (content) => {
      const token = tokenOf(await sendStore(context, source, '/api/v2/restore/kv', content));
      restored = { ...source, credentials: { token } };
    },
    sql: async (content) => {
      await sendStore(context, restored, '/api/v2/restore/sql', content);
    },
    buckets: async () => {},
    shard: (id, content) => sendShard(context, restored, id, content),
  });
  const counted = await countNow(context, restored, asOf, failure);
  const fingerprint = agree(context, request.expected, counted);
  context.log.warn(
    'users and tokens of the server are now those of the backup; restart influxd so that it schedules the restored tasks',
  );
  return { fingerprint };
};
