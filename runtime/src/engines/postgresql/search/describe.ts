import type { FoundChange } from '../../engine-log.ts';
import type { Catalogue, Known } from './catalogue.ts';
import { classFile } from './class-tuple.ts';
import type { RelationFile } from './record.ts';
import { fileKey, type Committed, type Rows } from './transactions.ts';

/** What a statement did, as far as the log shows. */
export type Kind =
  'insert' | 'update' | 'delete' | 'truncate' | 'drop' | 'create' | 'alter' | 'drop database';

/** A change with what a search goes by. */
export interface Change extends FoundChange {
  /** Several, where the log does not tell them apart. */
  readonly kinds: readonly Kind[];
  /** False: `relation` is a number, so it may be any. */
  readonly isNamed: boolean;
}

/** What ANALYZE writes, in its first files. */
const statistics = new Set([2619, 3381, 3429]);

interface Named {
  readonly relation: string;
  readonly isNamed: boolean;
}

const numbered = ({ databaseName }: Catalogue, { database, file }: RelationFile): string =>
  `file ${file} of database ${databaseName(database) ?? database}`;

const nameOf = (catalogue: Catalogue, file: RelationFile): Named => {
  const known = catalogue.ofFile(file);
  return { relation: known?.name ?? numbered(catalogue, file), isNamed: known !== undefined };
};

const kindOf = (catalogue: Catalogue, file: RelationFile): Known['kind'] | undefined =>
  catalogue.ofFile(file)?.kind;

const isCatalogue = (catalogue: Catalogue, file: RelationFile): boolean =>
  kindOf(catalogue, file) === 'catalogue';

const rowKinds = [
  ['deleted', 'delete'],
  ['updated', 'update'],
  ['inserted', 'insert'],
] as const;

const rowChanges = (catalogue: Catalogue, rows: Rows): readonly Change[] =>
  rowKinds.flatMap(([what, kind]) =>
    rows[what] > 0 ? [{ what, rows: rows[what], ...nameOf(catalogue, rows.file), kinds: [kind] }] : [],
  );

/** Rows of tables: those of the catalogue tell of something else, and long values belong to rows. */
const ofRows = (catalogue: Catalogue, { rows, created }: Committed): readonly Change[] => {
  const fresh = new Set(created.map(fileKey));
  return [...rows.values()]
    .filter(({ file }) => !['catalogue', 'part'].includes(kindOf(catalogue, file) ?? ''))
    .filter(({ file }) => catalogue.ofFile(file) !== undefined || !fresh.has(fileKey(file)))
    .flatMap((each) => rowChanges(catalogue, each));
};

/** Tables that it locked against everybody, by name, but for its own: a table that is rewritten has a second one meanwhile. */
const lockedTables = (catalogue: Catalogue, { locked, created }: Committed): readonly string[] => {
  const own = new Set(created.map(({ file }) => file)); // the first file has the number of the table
  const known = locked.filter(({ oid }) => !own.has(oid)).map((relation) => catalogue.ofNumber(relation));
  return [...new Set(known.flatMap((each) => (each?.kind === 'table' ? [each.name] : [])))];
};

const isClass = (catalogue: Catalogue, file: RelationFile): boolean =>
  file.file === classFile || catalogue.ofFile(file)?.name === 'pg_catalog.pg_class';

/** Entries went from `pg_class`; a table that is rewritten has one of its own meanwhile, which goes again. */
const isClassSmaller = (catalogue: Catalogue, rows: Committed['rows']): boolean =>
  [...rows.values()]
    .filter(({ file }) => isClass(catalogue, file))
    .reduce((sum, { inserted, deleted }) => sum + deleted - inserted, 0) > 0;

interface Replaced {
  readonly what: string;
  readonly kinds: readonly Kind[];
}

/** What it means that files went: entries of `pg_class` that went too, and new files in the place of them. */
const meaning = (catalogue: Catalogue, { rows, created, filled }: Committed): Replaced => {
  const isDropped = isClassSmaller(catalogue, rows);
  if (created.length === 0) return { what: 'dropped', kinds: ['drop'] };
  if (isDropped) return { what: 'dropped or emptied', kinds: ['drop', 'truncate', 'alter'] };
  const written = created.filter(
    (file) =>
      (rows.get(fileKey(file))?.inserted ?? 0) > 0 ||
      (filled.has(fileKey(file)) && kindOf(catalogue, file) !== 'part'),
  );
  return written.length === 0
    ? { what: 'truncated', kinds: ['truncate'] }
    : { what: 'truncated or rewrote', kinds: ['truncate', 'alter'] };
};

/** By the names of files where they are known, else by those of locked tables, else by number. */
const ofFiles = (catalogue: Catalogue, committed: Committed): readonly Change[] => {
  const files = [...committed.dropped, ...committed.emptied].filter((file) => !isCatalogue(catalogue, file));
  if (files.length === 0) return [];
  const { what, kinds } =
    committed.dropped.length > 0
      ? meaning(catalogue, committed)
      : ({ what: 'truncated', kinds: ['truncate'] } as const);
  const tables = files.filter((file) => kindOf(catalogue, file) === 'table');
  const names =
    tables.length > 0
      ? tables.map((file) => nameOf(catalogue, file).relation)
      : lockedTables(catalogue, committed);
  if (names.length > 0)
    return [...new Set(names)].map((relation) => ({ what, relation, kinds, isNamed: true }));
  const unknown = files.filter((file) => catalogue.ofFile(file) === undefined);
  return unknown.map((file) => ({ what, ...nameOf(catalogue, file), kinds }));
};

/** New tables; where no file went, as a new file takes the place of one that goes. */
const ofCreated = (catalogue: Catalogue, { created, dropped }: Committed): readonly Change[] =>
  dropped.length > 0
    ? []
    : created
        .filter((file) => kindOf(catalogue, file) !== 'part')
        .map((file) => ({ what: 'created', ...nameOf(catalogue, file), kinds: ['create'] }));

const catalogueRows = (catalogue: Catalogue, { rows }: Committed): number =>
  [...rows.values()]
    .filter(({ file }) => isCatalogue(catalogue, file) && !statistics.has(file.file))
    .reduce((sum, { inserted, updated, deleted }) => sum + inserted + updated + deleted, 0);

/** What changed in the catalogue beside files: views have none, and most of ALTER TABLE touches none. @param told of files */
const ofCatalogue = (
  catalogue: Catalogue,
  committed: Committed,
  told: readonly Change[],
): readonly Change[] => {
  const rows = catalogueRows(catalogue, committed);
  if (rows === 0) return [];
  const names = lockedTables(catalogue, committed).filter((name) =>
    told.every(({ relation }) => relation !== name),
  );
  const [what, kind] = isClassSmaller(catalogue, committed.rows)
    ? (['dropped or altered', ['drop', 'alter']] as const)
    : (['altered', ['alter']] as const);
  if (names.length > 0) return names.map((relation) => ({ what, relation, kinds: kind, isNamed: true }));
  return told.length > 0
    ? []
    : [
        {
          what: 'changed',
          rows,
          relation: 'the catalogue',
          kinds: ['alter', 'create', 'drop'],
          isNamed: false,
        },
      ];
};

const ofDatabases = ({ databaseName }: Catalogue, { droppedDatabases }: Committed): readonly Change[] =>
  droppedDatabases.map((database) => ({
    what: 'dropped database',
    relation: databaseName(database) ?? `${database}`,
    kinds: ['drop database'],
    isNamed: databaseName(database) !== undefined,
  }));

const touched = ({ rows, created, dropped }: Committed): readonly RelationFile[] => [
  ...[...rows.values()].map(({ file }) => file),
  ...created,
  ...dropped,
];

/** Whether it is known to have changed another database alone. */
const isElsewhere = (catalogue: Catalogue, committed: Committed): boolean => {
  const files = touched(committed).filter(({ database }) => database !== 0);
  return files.length > 0 && files.every(({ database }) => catalogue.isElsewhere(database));
};

/** A relation may have had several files in one transaction. */
const summed = (changes: readonly Change[]): readonly Change[] => {
  const sums = new Map<string, Change>();
  for (const change of changes) {
    const key = `${change.what} ${change.relation}`;
    const before = sums.get(key);
    const rows = (before?.rows ?? 0) + (change.rows ?? 0);
    sums.set(key, { ...change, ...(change.rows !== undefined && { rows }) });
  }
  return [...sums.values()];
};

/** What a transaction did to the target's database, the gravest first. */
export const describe = (catalogue: Catalogue, committed: Committed): readonly Change[] => {
  if (isElsewhere(catalogue, committed)) return [];
  const files = [...ofDatabases(catalogue, committed), ...ofFiles(catalogue, committed)];
  const made = ofCreated(catalogue, committed);
  const altered = ofCatalogue(catalogue, committed, [...files, ...made]);
  return summed([...files, ...altered, ...ofRows(catalogue, committed), ...made]);
};
