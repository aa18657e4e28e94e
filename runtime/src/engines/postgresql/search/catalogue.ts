import type { RunContext } from '../../../core/context.ts';
import { isBackupError, messageOf } from '../../../core/errors.ts';
import type { NameSources } from '../../engine-log.ts';
import { withClient, type PostgresqlSource } from '../client.ts';
import type { PostgresqlConnection } from '../connection.ts';
import { readHead } from '../head.ts';
import { itemOf } from '../items.ts';
import type { ClassEntry } from './class-tuple.ts';
import type { RelationFile } from './record.ts';
import type { RelationNumber } from './transactions.ts';

/** What is known of a relation. */
export interface Known {
  /** `public.users` */
  readonly name: string;
  readonly kind: 'table' | 'catalogue' | 'part';
}

/** Names of relations, as far as somebody knows them: the log has numbers alone. */
export interface Catalogue {
  readonly ofFile: (file: RelationFile) => Known | undefined;
  readonly ofNumber: (relation: RelationNumber) => Known | undefined;
  /** Whether it is known to be of another database than the target's. */
  readonly isElsewhere: (database: number) => boolean;
  readonly databaseName: (database: number) => string | undefined;
  /** Takes what the log says of a relation that was made. */
  readonly learn: (entry: ClassEntry) => void;
  /** Where the names come from, for people. */
  readonly notes: readonly string[];
}

/** Numbers below are those of PostgreSQL's own catalogue. */
const firstOfUsers = 16384;

/** Of one database as it is now. */
interface Live {
  readonly database: number;
  readonly databases: ReadonlyMap<number, string>;
  readonly schemas: ReadonlyMap<number, string>;
  readonly byFile: ReadonlyMap<number, Known>;
  readonly byNumber: ReadonlyMap<number, Known>;
}

interface Row {
  readonly oid: number;
  readonly file: number | null;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
}

const relationsSql = `SELECT c.oid, pg_relation_filenode(c.oid) AS file, n.nspname AS schema, c.relname AS name, c.relkind AS kind
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace`;

/** Indexes, and what holds long values, go with their table. */
const kindOf = ({ schema, kind }: Pick<Row, 'schema' | 'kind'>): Known['kind'] => {
  if (schema === 'pg_catalog' || schema === 'information_schema') return 'catalogue';
  return ['i', 'I', 't'].includes(kind) ? 'part' : 'table';
};

const readLive = async (source: PostgresqlSource): Promise<Live> =>
  withClient(source, source.connection.database, async (client) => {
    const relations = await client.query<Row>(relationsSql);
    const databases = await client.query<{ oid: number; datname: string; own: boolean }>(
      'SELECT oid, datname, datname = current_database() AS own FROM pg_database',
    );
    const schemas = await client.query<{ oid: number; nspname: string }>(
      'SELECT oid, nspname FROM pg_namespace',
    );
    const known = relations.rows.map((row) => [row, { name: itemOf(row), kind: kindOf(row) }] as const);
    return {
      database: databases.rows.find(({ own }) => own)?.oid ?? 0,
      databases: new Map(databases.rows.map(({ oid, datname }) => [oid, datname])),
      schemas: new Map(schemas.rows.map(({ oid, nspname }) => [oid, nspname])),
      byFile: new Map(known.flatMap(([{ file }, each]) => (file === null ? [] : [[file, each] as const]))),
      byNumber: new Map(known.map(([{ oid }, each]) => [oid, each])),
    };
  });

const tableLine =
  /^\d+; 1259 (\d+) (TABLE|MATERIALIZED VIEW|FOREIGN TABLE|VIEW|SEQUENCE|INDEX) (\S+) (.+) \S+$/gm;

/** Relations by the number that they had when an archive was made. @param list of `pg_restore --list` */
export const namesIn = (list: string): ReadonlyMap<number, Known> =>
  new Map(
    [...list.matchAll(tableLine)].map(([, oid, type, schema = '', name = '']) => [
      Number(oid),
      { name: itemOf({ schema, name }), kind: type === 'INDEX' ? 'part' : 'table' } as const,
    ]),
  );

/** Whoever does not answer is named, and the search goes on with numbers. */
const tried = async <Result>(
  notes: string[],
  what: string,
  read: (() => Promise<Result>) | undefined,
): Promise<Result | undefined> => {
  try {
    return await read?.();
  } catch (error) {
    if (isBackupError(error, 'run.interrupted')) throw error;
    notes.push(`${what} does not tell names: ${messageOf(error)}`);
    return undefined;
  }
};

/** Relations of the log that are remembered. @default 100,000 - some 20 MB */
const mostLearned = 100_000;

/** Of every database, in all versions. */
const publicSchema = 2200;

const learnedName = ({ schema, name, kind }: ClassEntry, schemas: Live['schemas'] | undefined): Known => {
  const known = schemas?.get(schema) ?? (schema === publicSchema ? 'public' : `schema ${schema}`);
  return { name: itemOf({ schema: known, name }), kind: kindOf({ schema: known, kind }) };
};

/** What the log itself says of relations that were made within it. */
const openLearned = (schemas: Live['schemas'] | undefined) => {
  const learned = new Map<string, Known>();
  return {
    of: (database: number, number: number): Known | undefined => learned.get(`${database}/${number}`),
    learn: (entry: ClassEntry): void => {
      if (learned.size >= mostLearned) return;
      const known = learnedName(entry, schemas);
      for (const number of [entry.oid, entry.file])
        if (number > 0) learned.set(`${entry.database}/${number}`, known);
    },
  };
};

const isCatalogue = (number: number): boolean => number < firstOfUsers;
const ownCatalogue: Known = { name: 'the catalogue', kind: 'catalogue' };

/**
 * Names by the server as it is now, and by an archive what the server no longer has. The file of a relation has its number until
 * it is emptied or rewritten; no file gets a number that another one had.
 */
export const openCatalogue = async (
  context: RunContext,
  { source, archive }: NameSources<PostgresqlConnection>,
): Promise<Catalogue> => {
  const notes: string[] = [];
  const live = await tried(notes, 'the server', source && (() => readLive(source)));
  const list = await tried(
    notes,
    archive?.name ?? '',
    archive && (async () => (await readHead(context, archive.open())).list),
  );
  const archived = namesIn(list ?? '');
  const places = [live && 'the server as it is now', list !== undefined && archive?.name].filter(Boolean);
  notes.unshift(
    places.length > 0
      ? `names are those of ${places.join(', then of ')}, and of tables that were made within the log`
      : 'names are those of tables that were made within the log; others are numbers',
  );
  const isElsewhere = (database: number): boolean =>
    live !== undefined &&
    database !== 0 &&
    database !== live.database &&
    live.databases.has(database) &&
    !(live.databases.get(database) ?? '').startsWith(`${source?.connection.database ?? ''}_before_`);
  const learned = openLearned(live?.schemas);
  const isLive = (database: number): boolean => database === live?.database || database === 0;
  /** By the number in `pg_class`, which is that of the first file too. */
  const byNumber = (database: number, number: number): Known | undefined => {
    if (isElsewhere(database)) return isCatalogue(number) ? ownCatalogue : undefined;
    const now = isLive(database) ? live?.byNumber.get(number) : undefined;
    if (now ?? isCatalogue(number)) return now ?? ownCatalogue;
    return learned.of(database, number) ?? archived.get(number);
  };
  return {
    ofFile: ({ database, file }) =>
      (isLive(database) ? live?.byFile.get(file) : undefined) ?? byNumber(database, file),
    ofNumber: ({ database, oid }) => byNumber(database, oid),
    isElsewhere,
    learn: learned.learn,
    databaseName: (database) => live?.databases.get(database),
    notes,
  };
};
