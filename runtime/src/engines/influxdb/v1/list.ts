import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import type { Database1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import type { Group } from '../intervals.ts';
import { identifier, query, rows } from './influxql.ts';

/** Databases but the server's own. */
export const listDatabases = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly string[]> =>
  rows(await query(context, source, 'SHOW DATABASES', failure))
    .map(({ name }) => `${name}`)
    .filter((name) => name !== '_internal');

/** Databases of the connection, or all. */
export const chosenDatabases = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly string[]> => {
  const all = await listDatabases(context, source, failure);
  const { databases } = source.connection;
  return databases === undefined ? all : all.filter((name) => databases.includes(name));
};

export type Policy = Database1['retentionPolicies'][number];

export const policiesOf = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  failure: FailureCode,
): Promise<readonly Policy[]> =>
  rows(await query(context, source, `SHOW RETENTION POLICIES ON ${identifier(database)}`, failure)).map(
    (row) => ({
      name: `${row.name}`,
      duration: `${row.duration}`,
      shardGroupDuration: `${row.shardGroupDuration}`,
      replication: Number(row.replicaN),
      isDefault: row.default === true,
    }),
  );

/** The one shard of a group; 1.x has no other. */
export interface ShardGroup extends Group {
  readonly shard: number;
  readonly policy: string;
}

/** Shard groups of a database that are not deleted. */
export const groupsOf = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  failure: FailureCode,
): Promise<readonly ShardGroup[]> =>
  rows(await query(context, source, 'SHOW SHARDS', failure))
    .filter((row) => row.database === database)
    .map((row) => ({
      shard: Number(row.id),
      policy: `${row.retention_policy}`,
      start: `${row.start_time}`,
      end: `${row.end_time}`,
    }));

/** Ids of the shards of all databases. */
export const listShards = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<ReadonlySet<number>> =>
  new Set(rows(await query(context, source, 'SHOW SHARDS', failure)).map(({ id }) => Number(id)));

export const listUsers = async (
  context: RunContext,
  source: InfluxdbSource,
  failure: FailureCode,
): Promise<readonly string[]> =>
  rows(await query(context, source, 'SHOW USERS', failure)).map(({ user }) => `${user}`);
