import type { RunContext } from '../../../core/context.ts';
import type { FailureCode } from '../../../core/errors.ts';
import { durationLiteral, parseDuration } from '../duration.ts';
import type { Database1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { resumed } from '../suspension.ts';
import { identifier, query, rows } from './influxql.ts';
import { listUsers, policiesOf, type Policy } from './list.ts';

const readGrants = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  failure: FailureCode,
): Promise<Database1['grants']> => {
  const grants: Database1['grants'] = [];
  for (const user of await listUsers(context, source, failure)) {
    const found = rows(await query(context, source, `SHOW GRANTS FOR ${identifier(user)}`, failure));
    for (const row of found)
      if (row.database === database) grants.push({ user, privilege: `${row.privilege}` });
  }
  return grants;
};

const readSubscriptions = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  failure: FailureCode,
): Promise<NonNullable<Database1['subscriptions']>> =>
  rows(
    (await query(context, source, 'SHOW SUBSCRIPTIONS', failure)).filter(
      (series) => series.name === database,
    ),
  ).map((row) => ({
    policy: `${row.retention_policy}`,
    name: `${row.name}`,
    mode: `${row.mode}`,
    destinations: [row.destinations].flat().map(String), // the only column that holds a list
  }));

/** What a portable backup does not carry, and what a DROP DATABASE takes along. */
export const readSchema = async (
  context: RunContext,
  source: InfluxdbSource,
  name: string,
  failure: FailureCode,
): Promise<Database1> => {
  const continuous = await query(context, source, 'SHOW CONTINUOUS QUERIES', failure);
  return {
    name,
    retentionPolicies: [...(await policiesOf(context, source, name, failure))],
    continuousQueries: rows(continuous.filter((series) => series.name === name)).map(
      ({ query }) => `${query}`,
    ),
    grants: await readGrants(context, source, name, failure),
    subscriptions: await readSubscriptions(context, source, name, failure),
  };
};

const run = async (context: RunContext, source: InfluxdbSource, influxql: string): Promise<void> => {
  await query(context, source, influxql, 'restore.failed');
};

const policySql = (
  verb: 'CREATE' | 'ALTER',
  database: string,
  { name, replication, shardGroupDuration, isDefault }: Policy,
  retention: bigint,
) =>
  `${verb} RETENTION POLICY ${identifier(name)} ON ${identifier(database)} DURATION ${durationLiteral(retention)}` +
  ` REPLICATION ${replication} SHARD DURATION ${durationLiteral(parseDuration(shardGroupDuration))}${isDefault ? ' DEFAULT' : ''}`;

/** Gives a database exactly the retention policies of the archive; `retentionOf` says what becomes of their retention. */
export const applyPolicies = async (
  context: RunContext,
  source: InfluxdbSource,
  schema: Database1,
  database: string,
  retentionOf: (retention: bigint) => bigint,
): Promise<void> => {
  await run(context, source, `CREATE DATABASE ${identifier(database)}`);
  const present = (await policiesOf(context, source, database, 'restore.failed')).map(({ name }) => name);
  for (const policy of schema.retentionPolicies) {
    const verb = present.includes(policy.name) ? 'ALTER' : 'CREATE';
    const retention = retentionOf(parseDuration(policy.duration));
    await run(context, source, policySql(verb, database, policy, retention));
  }
  const extra = present.filter((name) => !schema.retentionPolicies.some((policy) => policy.name === name));
  for (const name of extra)
    await run(context, source, `DROP RETENTION POLICY ${identifier(name)} ON ${identifier(database)}`);
};

/** Puts retention back that a killed restore left suspended. */
export const resumePolicies = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
): Promise<void> => {
  for (const policy of await policiesOf(context, source, database, 'restore.failed')) {
    const retention = resumed(parseDuration(policy.duration));
    if (retention === undefined) continue;
    await run(context, source, policySql('ALTER', database, policy, retention));
    context.log.warn(
      { database, policy: policy.name },
      'put back the retention that a killed restore had suspended',
    );
  }
};

/** Text without what is quoted in it. */
const unquoted = (influxql: string): string => influxql.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/gs, '');

/** One statement, and nothing behind it: the server runs all that a text holds. */
const isOneQuery = (influxql: string): boolean =>
  influxql.startsWith('CREATE CONTINUOUS QUERY ') && !unquoted(influxql).includes(';');

/** Continuous queries name their database, so they come only into the one of that name. Those left out are returned. */
export const applyContinuousQueries = async (
  context: RunContext,
  source: InfluxdbSource,
  { continuousQueries }: Database1,
): Promise<readonly string[]> => {
  for (const statement of continuousQueries.filter(isOneQuery)) await run(context, source, statement);
  return continuousQueries.filter((statement) => !isOneQuery(statement));
};

/** `'text'` of InfluxQL. */
const literal = (text: string): string =>
  `'${text
    .replaceAll('\\', '\\\\')
    .replaceAll("'", String.raw`\'`)
    .replaceAll('\n', String.raw`\n`)}'`;

/** Subscriptions of the database of that name: its copies must send nothing to anybody. */
export const applySubscriptions = async (
  context: RunContext,
  source: InfluxdbSource,
  { name: database, subscriptions = [] }: Database1,
): Promise<void> => {
  for (const { policy, name, mode, destinations } of subscriptions)
    await run(
      context,
      source,
      `CREATE SUBSCRIPTION ${identifier(name)} ON ${identifier(database)}.${identifier(policy)}` +
        ` DESTINATIONS ${mode === 'ANY' ? 'ANY' : 'ALL'} ${destinations.map(literal).join(', ')}`,
    );
};

const privileges: Readonly<Record<string, string>> = {
  READ: 'READ',
  WRITE: 'WRITE',
  'ALL PRIVILEGES': 'ALL',
};

/** Gives users back what they had; returns the users that the server does not know, whose rights are left out. */
export const applyGrants = async (
  context: RunContext,
  source: InfluxdbSource,
  database: string,
  grants: Database1['grants'],
): Promise<readonly string[]> => {
  const users = await listUsers(context, source, 'restore.failed');
  for (const { user, privilege } of grants) {
    const granted = privileges[privilege];
    if (granted && users.includes(user))
      await run(context, source, `GRANT ${granted} ON ${identifier(database)} TO ${identifier(user)}`);
  }
  return [...new Set(grants.map(({ user }) => user).filter((user) => !users.includes(user)))];
};
