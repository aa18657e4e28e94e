import type { RunContext } from '../../../core/context.ts';
import { messageOf, type FailureCode } from '../../../core/errors.ts';
import { shell } from '../../../core/shell.ts';
import type { Replaced, RestoreRequest } from '../../engine.ts';
import { callJson, urlOf, type InfluxdbSource } from '../http.ts';
import { lastCalls } from '../last-calls.ts';
import { keptName, restoredName, undoneName } from '../leftover-names.ts';
import { shown, shownList } from '../shown.ts';
import { listAll, type LiveBucket, type RestoredBucket } from './buckets.ts';
import { mappingsOf, repoint, type Mapping } from './dbrps.ts';
import { patchBucket, retentionRules } from './retention.ts';

const failure: FailureCode = 'restore.failed';

interface Authorization {
  readonly id: string;
  readonly description?: string;
  readonly permissions: readonly { readonly resource: { readonly id?: string } }[];
}

/** Tokens that name a bucket by its id: they stay with the old one, since a token's rights cannot be changed, nor a token be made with a given text. */
export const boundTokens = async (
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

/** A live bucket and the one that takes its place. */
export interface Pair {
  readonly created: RestoredBucket;
  readonly old: LiveBucket;
}

/** Mappings of the v1 API that somebody made, by the live bucket that they name. */
interface Pointing {
  readonly pair: Pair;
  readonly mapping: Mapping;
}

const pointingTo = async (
  context: RunContext,
  source: InfluxdbSource,
  pairs: readonly Pair[],
): Promise<readonly Pointing[]> => {
  const found: Pointing[] = [];
  for (const orgID of new Set(pairs.map(({ old }) => old.orgID)))
    for (const mapping of await mappingsOf(context, source, orgID)) {
      const pair = pairs.find(({ old }) => old.id === mapping.bucketID);
      if (pair) found.push({ pair, mapping });
    }
  return found;
};

const curl = (source: InfluxdbSource, method: string, path: string, json?: unknown): string =>
  `curl -fsS -o /dev/null -X ${method} -H "Authorization: Token $INFLUX_TOKEN" -H 'Content-Type: application/json'` +
  (json === undefined ? '' : ` -d ${shell(JSON.stringify(json))}`) +
  ` ${shell(`${urlOf(source)}${path}`)}`;

/** Restored buckets step aside, replaced ones get their names and mappings back. */
const undoCommand = (
  source: InfluxdbSource,
  created: readonly RestoredBucket[],
  pairs: readonly Pair[],
  repointed: readonly Pointing[],
  suffix: string,
): string => {
  const rename = (id: string, name: string) => curl(source, 'PATCH', `/api/v2/buckets/${id}`, { name });
  return [
    ...created.map(({ id, name }) => rename(id, undoneName(name, suffix))),
    ...pairs.map(({ old }) => rename(old.id, old.name)),
    ...repointed.flatMap(({ pair, mapping }) => {
      const { id, orgID, database, retention_policy, default: isDefault } = mapping;
      const back = { orgID, bucketID: pair.old.id, database, retention_policy, default: isDefault };
      return [
        curl(source, 'DELETE', `/api/v2/dbrps/${id}?orgID=${orgID}`),
        curl(source, 'POST', '/api/v2/dbrps', back),
      ];
    }),
  ].join(' && ');
};

const keptText = (pairs: readonly Pair[], suffix: string, tokens: readonly string[]): string =>
  `buckets ${pairs.map(({ old }) => shown(keptName(old.name, suffix))).join(', ')}` +
  (tokens.length > 0
    ? `; tokens bound to them must be created again for the restored ones: ${shownList(tokens)}`
    : '');

const mappingText = ({ database, retention_policy: policy }: Mapping): string =>
  `DBRP mapping ${shown(`${database}/${policy}`)}`;

const repointedNote = ({ pair, mapping }: Pointing): string =>
  `${mappingText(mapping)} points to the restored bucket ${shown(pair.created.name)} now`;

const notRepointedNote = ({ pair, mapping }: Pointing, error: unknown): string =>
  `${mappingText(mapping)} may not point to the restored bucket ${shown(pair.created.name)}, as a call failed; ` +
  `see influx v1 dbrp list, and create it for bucket ${pair.created.id} where it does not: ${messageOf(error)}`;

/** The buckets are in place already, so that a mapping which cannot follow is a note. */
const repointAll = async (
  context: RunContext,
  source: InfluxdbSource,
  pointing: readonly Pointing[],
  suffix: string,
): Promise<{ readonly repointed: readonly Pointing[]; readonly notes: readonly string[] }> => {
  const repointed: Pointing[] = [];
  const notes: string[] = [];
  for (const { pair, mapping } of pointing)
    try {
      const moved = { pair, mapping: await repoint(context, source, mapping, pair.created.id, suffix) };
      repointed.push(moved);
      notes.push(repointedNote(moved));
    } catch (error) {
      notes.push(notRepointedNote({ pair, mapping }, error));
    }
  return { repointed, notes };
};

const rulesOf = ({ metadata }: RestoredBucket, isCopy: boolean) =>
  retentionRules(metadata, ...(isCopy ? [0n] : []));

/**
 * Gives restored buckets the names of the live ones, which become `<name>_before_<suffix>`, and their retention back;
 * DBRP mappings follow. Names are given back if one cannot be changed; once all are, nothing here fails. Under a new name
 * they are kept for ever.
 */
export const swap = async (
  context: RunContext,
  source: InfluxdbSource,
  created: readonly RestoredBucket[],
  { suffix, into, beforeSwap }: RestoreRequest,
): Promise<Replaced & { readonly notes: readonly string[] }> => {
  const isCopy = into !== undefined;
  const live = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const pairs = created.flatMap((bucket): Pair[] => {
    const old = live.find((each) => each.name === bucket.name && each.orgID === bucket.orgID);
    return old ? [{ created: bucket, old }] : [];
  });
  const pointing = await pointingTo(context, source, pairs);
  if (pairs.length > 0)
    await beforeSwap?.({
      kept: keptText(pairs, suffix, []),
      undo: undoCommand(source, created, pairs, [], suffix),
    });
  const undo: (() => Promise<void>)[] = [];
  const rename = async (id: string, from: string, to: string, more = {}): Promise<void> => {
    // noted first: a call that fails may have changed the name
    undo.unshift(() => patchBucket(lastCalls(context), source, id, { name: from }));
    await patchBucket(context, source, id, { name: to, ...more });
  };
  try {
    for (const bucket of created) {
      const old = pairs.find((pair) => pair.created === bucket)?.old;
      if (old) await rename(old.id, old.name, keptName(old.name, suffix));
      await rename(bucket.id, restoredName(bucket.name, suffix), bucket.name, {
        description: bucket.metadata.description ?? '',
        retentionRules: rulesOf(bucket, isCopy),
      });
    }
  } catch (error) {
    for (const step of undo)
      await step().catch((problem: unknown) =>
        context.log.error({ reason: messageOf(problem) }, 'a bucket could not be given its name back'),
      );
    throw error;
  }
  const { repointed, notes } = await repointAll(context, source, pointing, suffix);
  const way = undoCommand(source, created, pairs, repointed, suffix);
  if (pairs.length === 0) return { undo: way, notes: [] };
  const tokens = await boundTokens(
    context,
    source,
    pairs.map(({ old }) => old.id),
  ).catch((error: unknown) => [`not known, ${messageOf(error)}`]); // the buckets are in place already
  return { kept: keptText(pairs, suffix, tokens), undo: way, notes };
};
