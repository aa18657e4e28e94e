import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import type { Database1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { identifier, query, rows } from './influxql.ts';

const readGrants = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  failure: FailureCode,
): Promise<Database1['grants']> => {
  const grants: Database1['grants'] = [];
  for (const { user } of rows(await query(context, source, 'SHOW USERS', failure))) {
    const found = rows(await query(context, source, `SHOW GRANTS FOR ${identifier(`${user}`)}`, failure));
    for (const row of found)
      if (row.database === database) grants.push({ user: `${user}`, privilege: `${row.privilege}` });
  }
  return grants;
};

/** What a portable backup does not carry, and what a DROP DATABASE takes along. */
export const readSchema = async (
  context: RunContext,
  source: InfluxdbSource,
  name: string,
  failure: FailureCode,
): Promise<Database1> => {
  const policies = rows(
    await query(context, source, `SHOW RETENTION POLICIES ON ${identifier(name)}`, failure),
  );
  const continuous = await query(context, source, 'SHOW CONTINUOUS QUERIES', failure);
  return {
    name,
    retentionPolicies: policies.map((row) => ({
      name: `${row.name}`,
      duration: `${row.duration}`,
      shardGroupDuration: `${row.shardGroupDuration}`,
      replication: Number(row.replicaN),
      isDefault: row.default === true,
    })),
    continuousQueries: rows(continuous.filter((series) => series.name === name)).map(
      ({ query }) => `${query}`,
    ),
    grants: await readGrants(context, source, name, failure),
  };
};

const policySql = (
  verb: 'CREATE' | 'ALTER',
  database: string,
  policy: Database1['retentionPolicies'][number],
) =>
  `${verb} RETENTION POLICY ${identifier(policy.name)} ON ${identifier(database)} DURATION ${policy.duration}` +
  ` REPLICATION ${policy.replication} SHARD DURATION ${policy.shardGroupDuration}${policy.isDefault ? ' DEFAULT' : ''}`;

const run = async (context: RunContext, source: InfluxdbSource, influxql: string): Promise<void> => {
  await query(context, source, influxql, 'restore.failed');
};

/** Creates what is missing of retention policies, as a portable restore brings only those that have shards. */
export const applyPolicies = async (
  context: RunContext,
  source: InfluxdbSource,
  schema: Database1,
  database: string,
): Promise<void> => {
  await run(context, source, `CREATE DATABASE ${identifier(database)}`);
  const present = rows(
    await query(context, source, `SHOW RETENTION POLICIES ON ${identifier(database)}`, 'restore.failed'),
  ).map(({ name }) => `${name}`);
  for (const policy of schema.retentionPolicies)
    await run(
      context,
      source,
      policySql(present.includes(policy.name) ? 'ALTER' : 'CREATE', database, policy),
    );
  const extra = present.filter((name) => !schema.retentionPolicies.some((policy) => policy.name === name));
  for (const name of extra)
    await run(context, source, `DROP RETENTION POLICY ${identifier(name)} ON ${identifier(database)}`);
};

/** Continuous queries name their database, so they come only into the one of that name. */
export const applyContinuousQueries = async (
  context: RunContext,
  source: InfluxdbSource,
  schema: Database1,
): Promise<void> => {
  for (const statement of schema.continuousQueries) await run(context, source, statement);
};

const privileges: Readonly<Record<string, string>> = {
  READ: 'READ',
  WRITE: 'WRITE',
  'ALL PRIVILEGES': 'ALL',
};

/** Gives users back what they had; users that the server does not know are left out. */
export const applyGrants = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  grants: Database1['grants'],
): Promise<void> => {
  const users = rows(await query(context, source, 'SHOW USERS', 'restore.failed')).map(
    ({ user }) => `${user}`,
  );
  for (const { user, privilege } of grants) {
    const granted = privileges[privilege];
    if (granted && users.includes(user))
      await run(context, source, `GRANT ${granted} ON ${identifier(database)} TO ${identifier(user)}`);
  }
};
