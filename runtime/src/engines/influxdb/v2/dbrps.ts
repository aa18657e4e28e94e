import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import { callJson, callText, type InfluxdbSource } from '../http.ts';
import { listAll, type Organization } from './buckets.ts';

const failure: FailureCode = 'restore.failed';

/** A mapping of a database and retention policy of the v1 API to a bucket, by its id. */
export interface Mapping {
  readonly id: string;
  readonly orgID: string;
  readonly bucketID: string;
  readonly database: string;
  readonly retention_policy: string;
  readonly default: boolean;
  /** Made by the server of the bucket's name, so that it follows a bucket that is renamed. */
  readonly virtual?: boolean;
}

const pathOf = ({ id, orgID }: Pick<Mapping, 'id' | 'orgID'>): string => `/api/v2/dbrps/${id}?orgID=${orgID}`;

/** Mappings that somebody made. */
export const mappingsOf = async (
  context: RunContext,
  source: InfluxdbSource,
  orgID: string,
): Promise<readonly Mapping[]> => {
  const path = `/api/v2/dbrps?orgID=${orgID}`;
  const { content = [] } = await callJson<{ content?: readonly Mapping[] }>(context, source, {
    method: 'GET',
    path,
    failure,
  });
  return content.filter(({ virtual }) => virtual !== true);
};

/** Name of a retention policy under which a mapping waits to take the place of another one. */
const waitingName = (policy: string, suffix: string): string => `${policy}_restore_${suffix}`;
const waiting = /^(.+)_restore_\d{8}_\d{6}$/;

const remove = async (context: RunContext, source: InfluxdbSource, mapping: Mapping): Promise<void> => {
  await callText(context, source, { method: 'DELETE', path: pathOf(mapping), failure });
};

const take = async (
  context: RunContext,
  source: InfluxdbSource,
  mapping: Pick<Mapping, 'id' | 'orgID'>,
  json: { readonly retention_policy: string; readonly default: boolean },
): Promise<void> => {
  await callJson(context, source, { method: 'PATCH', path: pathOf(mapping), json, failure });
};

/**
 * Points a mapping to another bucket. The server changes no mapping's bucket and holds no two of one name, so the new one
 * waits under another name, which tells a later run what was meant.
 */
export const repoint = async (
  context: RunContext,
  source: InfluxdbSource,
  mapping: Mapping,
  bucketID: string,
  suffix: string,
): Promise<Mapping> => {
  const { orgID, database, retention_policy: policy } = mapping;
  const json = { orgID, bucketID, database, retention_policy: waitingName(policy, suffix), default: false };
  const { id } = await callJson<{ id: string }>(context, source, {
    method: 'POST',
    path: '/api/v2/dbrps',
    failure,
    json,
  });
  await remove(context, source, mapping);
  await take(context, source, { id, orgID }, { retention_policy: policy, default: mapping.default });
  return { ...mapping, id, bucketID };
};

/** Ends what a killed run began to point elsewhere. */
export const finishRepointing = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  for (const { id: orgID } of await listAll<Organization>(context, source, 'orgs', failure)) {
    const all = await mappingsOf(context, source, orgID);
    for (const mapping of all) {
      const [, policy] = waiting.exec(mapping.retention_policy) ?? [];
      if (policy === undefined) continue;
      const ofDatabase = all.filter(({ database }) => database === mapping.database);
      const old = ofDatabase.find(({ retention_policy: name }) => name === policy);
      if (old) await remove(context, source, old);
      const isDefault = old?.default ?? !ofDatabase.some((other) => other.default);
      await take(context, source, mapping, { retention_policy: policy, default: isDefault });
      context.log.warn(
        { database: mapping.database, policy },
        'a DBRP mapping was pointed to its restored bucket',
      );
    }
  }
};
