import type { Client } from 'pg';
import type { Hindrance, Preview, RestoreRequest } from '../engine.ts';
import { queryRow } from './client.ts';
import type { PostgresqlSource } from './client.ts';
import { inWords, sessionsIn } from './sessions.ts';

const namesFrom = async (client: Client, sql: string, database: string): Promise<readonly string[]> =>
  (await client.query<{ name: string }>(sql, [database])).rows.map(({ name }) => name);

const preparedSql = 'SELECT gid AS name FROM pg_prepared_xacts WHERE database = $1 ORDER BY 1';
const slotsSql = 'SELECT slot_name AS name FROM pg_replication_slots WHERE database = $1 ORDER BY 1';
const subscriptionsSql = `
  SELECT subname AS name FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = $1 ORDER BY 1`;

/** What the live database has that its name alone does not carry over to the restored one. */
const replication = async (client: Client, live: string): Promise<readonly Hindrance[]> => {
  const slots = await namesFrom(client, slotsSql, live);
  const subscriptions = await namesFrom(client, subscriptionsSql, live);
  return [
    ...(slots.length === 0
      ? []
      : [
          {
            message:
              `logical replication slots stay with the old data, and their subscribers fail: ${slots.join(', ')}; ` +
              'drop the subscriptions first, and copy the data again afterwards',
            accept: 'slots',
          },
        ]),
    ...(subscriptions.length === 0
      ? []
      : [
          {
            message:
              `subscriptions stay with the old data, which goes on receiving, while restored ones are disabled: ${subscriptions.join(', ')}; ` +
              'disable them first, and create them again afterwards',
            accept: 'subscriptions',
          },
        ]),
  ];
};

const prepared = async (client: Client, live: string): Promise<readonly Hindrance[]> => {
  const names = await namesFrom(client, preparedSql, live);
  if (names.length === 0) return [];
  return [
    {
      message: `prepared transactions hold the live database, which cannot be renamed: ${names.join(', ')}; commit or roll them back`,
    },
  ];
};

/** Sessions that the account may not end hold the live database's name. */
const sessions = async (client: Client, live: string): Promise<Preview> => {
  const found = await sessionsIn(client, [live]);
  const foreign = found.filter(({ mine }) => !mine);
  const mine = found.filter((each) => each.mine);
  const message =
    `sessions that the account may not end hold the live database: ${inWords(foreign)}; ` +
    'end them, or restore with an account that may (a member of pg_signal_backend; of superusers, a superuser)';
  return {
    hindrances: foreign.length === 0 ? [] : [{ message, accept: 'sessions' }],
    notes: mine.length === 0 ? [] : [`sessions of the live database are ended at the swap: ${inWords(mine)}`],
  };
};

interface Limits {
  readonly user: string;
  readonly role: number;
  readonly used: number;
  readonly server: number;
  readonly all: number;
}

const limitsSql = `
  SELECT r.rolname AS user, CASE WHEN r.rolsuper THEN -1 ELSE r.rolconnlimit END AS role,
    (SELECT count(*)::int FROM pg_stat_activity WHERE usesysid = r.oid AND pid <> pg_backend_pid()) AS used,
    current_setting('max_connections')::int
      - CASE WHEN r.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int END AS server,
    (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS all
  FROM pg_roles r WHERE r.rolname = current_user`;

/** Sessions of a restore at once: its own, those of pg_restore, or of pg_dump beside it, and one that ends others'. */
export const neededConnections = ({ only }: Pick<RestoreRequest, 'only'>): number => (only ? 4 : 3);

/** Connections that are left for this session and others of the account. */
export const freeConnections = async (client: Client): Promise<{ free: number; setting: string }> => {
  const { user, role, used, server, all } = await queryRow<Limits>(client, limitsSql);
  const ofRole = role < 0 ? Infinity : role - used;
  return ofRole < server - all
    ? { free: ofRole, setting: `CONNECTION LIMIT ${role} of role ${user}` }
    : { free: server - all, setting: 'max_connections of the server' };
};

const connections = async (client: Client, request: RestoreRequest): Promise<readonly Hindrance[]> => {
  const { free, setting } = await freeConnections(client);
  const needed = neededConnections(request);
  if (free >= needed) return [];
  return [
    { message: `a restore needs ${needed} connections, ${setting} leaves ${Math.max(free, 0)}; raise it` },
  ];
};

/** What stands around the live database, whatever the archive holds; `client` is connected to another one. */
export const surroundings = async (
  client: Client,
  { connection }: PostgresqlSource,
  request: RestoreRequest,
): Promise<Preview> => {
  const limits = await connections(client, request);
  if (request.mode === 'trial' || request.only || request.into !== undefined)
    return { hindrances: limits, notes: [] };
  const live = connection.database;
  const connected = await sessions(client, live);
  return {
    hindrances: [
      ...limits,
      ...(await prepared(client, live)),
      ...(await replication(client, live)),
      ...connected.hindrances,
    ],
    notes: connected.notes,
  };
};
