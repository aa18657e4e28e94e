import type { RunContext } from '../../../core/context.ts';
import { messageOf, type FailureCode } from '../../../core/errors.ts';
import type { Restored } from '../../engine.ts';
import { callJson, urlOf, type InfluxdbSource } from '../http.ts';
import type { Beside } from './beside.ts';
import { shell } from '../shell.ts';
import { listAll, type BucketMetadata, type LiveBucket } from './buckets.ts';

const failure: FailureCode = 'restore.failed';

/** Names of a bucket before it is in place, and after it was replaced. */
export const restoredName = (name: string, suffix: string): string => `${name}_restore_${suffix}`;
export const keptName = (name: string, suffix: string): string => `${name}_before_${suffix}`;

const pathOf = (id: string): string => `/api/v2/buckets/${id}`;

const patch = async (
  context: RunContext,
  source: InfluxdbSource,
  id: string,
  json: Readonly<Record<string, unknown>>,
): Promise<void> => {
  await callJson(context, source, { method: 'PATCH', path: pathOf(id), json, failure });
};

const nanosecondsPerSecond = 1e9;

/** Retention as the API of buckets takes it; 0 is for ever. */
const retentionRules = ({ retentionPolicies: [policy] }: BucketMetadata) => [
  {
    type: 'expire',
    everySeconds: policy!.duration / nanosecondsPerSecond,
    shardGroupDurationSeconds: policy!.shardGroupDuration / nanosecondsPerSecond,
  },
];

interface Authorization {
  readonly id: string;
  readonly description?: string;
  readonly permissions: readonly { readonly resource: { readonly id?: string } }[];
}

/** Tokens that name a bucket by its id: they stay with the old one, since a token's rights cannot be changed, nor a token be made with a given text. */
const tokensOf = async (
  context: RunContext,
  source: InfluxdbSource,
  ids: readonly string[],
): Promise<readonly string[]> => {
  const call = { method: 'GET', path: '/api/v2/authorizations', failure } as const;
  const { authorizations } = await callJson<{ authorizations: readonly Authorization[] }>(
    context,
    source,
    call,
  );
  return authorizations
    .filter(({ permissions }) => permissions.some(({ resource }) => ids.includes(resource.id ?? '')))
    .map(({ id, description }) => description || id);
};

type Replaced = Pick<LiveBucket, 'id' | 'name'>;

/** Restored buckets step aside, replaced ones get their names back. */
const undoCommand = (
  source: InfluxdbSource,
  created: readonly Beside[],
  replaced: readonly Replaced[],
  suffix: string,
): string => {
  const rename = (id: string, name: string): string =>
    `curl -fsS -o /dev/null -X PATCH -H "Authorization: Token $INFLUX_TOKEN" -H 'Content-Type: application/json'` +
    ` -d ${shell(JSON.stringify({ name }))} ${urlOf(source)}${pathOf(id)}`;
  return [
    ...created.map(({ id, name }) => rename(id, `${name}_undone_${suffix}`)),
    ...replaced.map((old) => rename(old.id, old.name)),
  ].join(' && ');
};

const keptText = (replaced: readonly Replaced[], suffix: string, tokens: readonly string[]): string =>
  `buckets ${replaced.map(({ name }) => keptName(name, suffix)).join(', ')}` +
  (tokens.length > 0
    ? `; tokens bound to them have to be made anew for the restored ones: ${tokens.join(', ')}`
    : '');

/**
 * Gives restored buckets the names of the live ones, which become `<name>_before_<suffix>`, and their retention back.
 * What was done is undone if a step fails.
 */
export const swap = async (
  context: RunContext,
  source: InfluxdbSource,
  created: readonly Beside[],
  suffix: string,
): Promise<Omit<Restored, 'fingerprint'>> => {
  const live = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const replaced: Replaced[] = [];
  const undo: (() => Promise<void>)[] = [];
  const rename = async (id: string, from: string, to: string, more = {}): Promise<void> => {
    await patch(context, source, id, { name: to, ...more });
    undo.unshift(() => patch(context, source, id, { name: from }));
  };
  try {
    for (const bucket of created) {
      const { name } = bucket;
      const old = live.find((each) => each.name === name && each.orgID === bucket.orgID);
      if (old) {
        await rename(old.id, name, keptName(name, suffix));
        replaced.push(old);
      }
      await rename(bucket.id, restoredName(name, suffix), name, {
        retentionRules: retentionRules(bucket.metadata),
      });
    }
  } catch (error) {
    for (const step of undo)
      await step().catch((problem: unknown) =>
        context.log.error({ reason: messageOf(problem) }, 'a bucket could not be given its name back'),
      );
    throw error;
  }
  const way = undoCommand(source, created, replaced, suffix);
  if (replaced.length === 0) return { undo: way };
  const tokens = await tokensOf(
    context,
    source,
    replaced.map(({ id }) => id),
  ).catch((error: unknown) => [`not known, ${messageOf(error)}`]); // the buckets are in place already
  return { kept: keptText(replaced, suffix, tokens), undo: way };
};
