import type { Client } from 'pg';

/** Settings that change how values read as text; fixed, so that one content has one hash on any server. */
const textSettings = {
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  extra_float_digits: '1',
  bytea_output: 'hex',
  lc_monetary: 'C',
  xmlbinary: 'base64',
};

/** Makes a session read values as text in one way. */
export const fixText = async (client: Client): Promise<void> => {
  for (const [name, value] of Object.entries(textSettings)) await client.query(`SET ${name} = '${value}'`);
};

/** Both halves of the MD5 of each row are added up: order does not matter, a row that comes twice does. */
const sumSql = (text: string, from: string): string => `
  SELECT md5(coalesce(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0) || ':'
    || coalesce(sum(('x' || right(h, 16))::bit(64)::bigint::numeric), 0)) AS hash
  FROM (SELECT md5(${text}) AS h FROM ${from}) hashed`;

/** An alias that no column has, so that it means the row. */
const row = '"the row of grill-backup"';

/** Order-free hash of a table's rows, 32 hexadecimal digits. */
export const hashRows = async (client: Client, from: string): Promise<string> =>
  (await client.query<{ hash: string }>(sumSql(`${row}::text`, `${from} AS ${row}`))).rows[0]!.hash;

/** As `hashRows`, of the large objects and their numbers. */
export const hashLargeObjects = async (client: Client): Promise<string> =>
  (await client.query<{ hash: string }>(sumSql(`oid || ':' || md5(lo_get(oid))`, 'pg_largeobject_metadata')))
    .rows[0]!.hash;
