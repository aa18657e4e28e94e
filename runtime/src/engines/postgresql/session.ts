import type { Client } from 'pg';

/** Limits of a role, database or server that would cut a long dump, count or restore: none for sessions of ours. */
const limits = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  transaction_timeout: '0',
};

/** What is safe for the client programs too, which know best how they read and write values. */
const common = {
  ...limits,
  search_path: '',
  default_transaction_read_only: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
};

/** Of our own sessions, which read names and hash values as text. */
const own = {
  ...common,
  row_security: 'off', // fail rather than count less
  quote_all_identifiers: 'off',
  transform_null_equals: 'off',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmlbinary: 'base64',
};

/** Of pg_dump, which fixes the rest itself: one text for one value, whatever role, database and server have. */
const ofDumps = {
  ...common,
  quote_all_identifiers: 'off',
  TimeZone: 'UTC',
  bytea_output: 'hex',
};

const optionsOf = (settings: Readonly<Record<string, string>>, known: ReadonlySet<string>): string =>
  Object.entries(settings)
    .filter(([name]) => known.has(name))
    .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', String.raw`\ `)}`)
    .join(' ');

/** The session's own user, whatever role the owner of the database made the default of it. */
const ownRole = '-c role=none';

/**
 * Those that every server knows, from the first statement on: a role's own limit may be shorter than that statement takes,
 * and its owner's functions in the search path of the database would stand for the server's own.
 */
export const startupOptions = `${optionsOf(
  common,
  new Set(['search_path', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']),
)} ${ownRole}`;

/** A pooler such as pgbouncer may refuse options at the start. */
export const isOptionsRefusal = (message: string): boolean => /unsupported startup parameter/.test(message);

/** For sessions that began without options: statements that no function of the database can stand for. */
const firstStatements = "SET search_path TO ''; SET ROLE NONE";

/** Gives a new session its settings; resolves to the names of those that the server knows. */
export const beginSession = async (client: Client): Promise<ReadonlySet<string>> => {
  await client.query(firstStatements);
  const { rows } = await client.query<{ name: string }>(
    `SELECT key AS name, pg_catalog.set_config(key, value, false)
     FROM pg_catalog.json_each_text($1::pg_catalog.json)
     WHERE pg_catalog.lower(key) IN (SELECT pg_catalog.lower(name) FROM pg_catalog.pg_settings)`,
    [JSON.stringify(own)],
  );
  return new Set(rows.map(({ name }) => name));
};

const programOptions =
  (settings: Readonly<Record<string, string>>) =>
  (known: ReadonlySet<string>): string =>
    known.size === 0 ? '' : `${optionsOf(settings, known)} ${ownRole}`;

/** The settings as options of the client programs, for a server that knows the names given; none for a pooler that refuses options. */
export const clientOptions = programOptions(common);
export const dumpOptions = programOptions(ofDumps);
