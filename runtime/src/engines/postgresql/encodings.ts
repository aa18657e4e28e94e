import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import type { Client } from 'pg';
import { BackupError } from '../../core/errors.ts';
import { queryRow } from './client.ts';

/** WHATWG's numbers of ISO 8859 for PostgreSQL's names (table 24.3 of its manual) of other numbers. */
const parts = {
  LATIN1: 1,
  LATIN2: 2,
  LATIN3: 3,
  LATIN4: 4,
  LATIN5: 9,
  LATIN6: 10,
  LATIN7: 13,
  LATIN8: 14,
  LATIN9: 15,
  LATIN10: 16,
  ISO_8859_5: 5,
  ISO_8859_6: 6,
  ISO_8859_7: 7,
  ISO_8859_8: 8,
};

const others = {
  WIN866: 'ibm866',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  EUC_JP: 'euc-jp',
  EUC_KR: 'euc-kr',
  EUC_CN: 'gbk',
};

/** WHATWG's labels. Not known: EUC_JIS_2004, EUC_TW, JOHAB, MULE_INTERNAL. */
const labels = new Map<string, string>([
  ...Object.entries(parts).map(([name, part]) => [name, `iso-8859-${part}`] as const),
  ...Object.entries(others),
  ...[874, 1250, 1251, 1252, 1253, 1254, 1255, 1256, 1257, 1258].map(
    (page) => [`WIN${page}`, `windows-${page}`] as const,
  ),
]);

/** Reads text of a dump, which is in the encoding of its database: our own sessions get the same names in UTF-8. */
export const decoderOf = (encoding: string): TextDecoder => new TextDecoder(labels.get(encoding));

/** Tables and schemas; an SQL_ASCII database hands out any bytes, but not to a session that wants UTF-8. */
const namesSql = `
  SELECT convert_to(n.nspname, 'SQL_ASCII') AS schema, convert_to(c.relname, 'SQL_ASCII') AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
  ORDER BY 1, 2`;

interface Name {
  readonly schema: Buffer;
  readonly name: Buffer;
}

/** Bytes that are no ASCII as `\xfc`. */
const shown = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replaceAll(/[^\0-~]/g, (byte) => String.raw`\x${Buffer.from(byte, 'latin1').toString('hex')}`);

/** @throws BackupError source.unsupported where the name of a table of an SQL_ASCII database is not UTF-8 */
export const assertNames = async (client: Client): Promise<void> => {
  const encoding = await queryRow<{ server_encoding: string }>(client, 'SHOW server_encoding');
  if (encoding.server_encoding !== 'SQL_ASCII') return;
  const { rows } = await client.query<Name>(namesSql);
  const odd = rows.find(({ schema, name }) => !isUtf8(schema) || !isUtf8(name));
  if (!odd) return;
  throw new BackupError(
    'source.unsupported',
    `the database has the encoding SQL_ASCII, and the name of table ${shown(odd.schema)}.${shown(odd.name)} is not valid UTF-8; ` +
      'rename the table or its schema, from a session with client_encoding SQL_ASCII',
  );
};
