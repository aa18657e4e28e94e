import { identifier, literal } from './client.ts';

/** A setting of a role or database; a list such as search_path as the server keeps it: `"$user", public`. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/**
 * Bytes that a value may have to be saved. Any role may give itself some settings of any length, and what is read whole
 * must not grow with them. @default 64 KiB - no sensible value comes near
 */
export const longestSettingBytes = 64 * 1024;

/** Settings whose value is a list of names, to be quoted one by one (GUC_LIST_QUOTE, as in pg_dump's dumputils.c). */
const listSettings = [
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'shared_preload_libraries',
  'local_preload_libraries',
  'unix_socket_directories',
];

export const isList = (name: string): boolean => listSettings.includes(name.toLowerCase());

const unquoted = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;

const listSql = (value: string): string =>
  [...value.matchAll(/"(?:[^"]|"")*"|[^\s,"]+/g)].map(([name]) => literal(unquoted(name))).join(', ') || "''";

/** `"work_mem" TO '8MB'`, what follows ALTER … SET. */
export const settingSql = ({ name, value }: Setting): string =>
  `${identifier(name)} TO ${isList(name) ? listSql(value) : literal(value)}`;
