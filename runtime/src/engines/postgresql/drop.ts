import type { Client } from 'pg';
import { identifier, withClient, type PostgresqlSource } from './client.ts';

/** A restored subscription names the slot of the live one: without it, the drop does not go to the publisher. */
const dropSubscription = async (client: Client, name: string): Promise<void> => {
  const subscription = identifier(name);
  for (const step of ['DISABLE', 'SET (slot_name = NONE)'])
    await client.query(`ALTER SUBSCRIPTION ${subscription} ${step}`);
  await client.query(`DROP SUBSCRIPTION ${subscription}`);
};

const subscriptionsSql = `
  SELECT subname AS name FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = $1`;

/** PostgreSQL keeps a database while it holds a subscription, also one that is disabled. */
const dropSubscriptions = async (
  source: PostgresqlSource,
  client: Client,
  database: string,
): Promise<void> => {
  const { rows } = await client.query<{ name: string }>(subscriptionsSql, [database]);
  if (rows.length === 0) return;
  await client.query(`ALTER DATABASE ${identifier(database)} ALLOW_CONNECTIONS true`);
  await withClient(source, database, async (inside) => {
    for (const { name } of rows) await dropSubscription(inside, name);
  });
};

/** Drops a database that a restore did not finish, whoever is connected to it. */
export const dropUnfinished = async (
  source: PostgresqlSource,
  client: Client,
  database: string,
): Promise<void> => {
  await dropSubscriptions(source, client, database);
  await client.query(`DROP DATABASE IF EXISTS ${identifier(database)} WITH (FORCE)`);
};
