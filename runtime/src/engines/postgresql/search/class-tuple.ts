import { managers, type LogRecord } from './record.ts';

/** A relation as its entry in `pg_class` says. */
export interface ClassEntry {
  readonly database: number;
  readonly oid: number;
  /** Number of its file; 0 for a view, and for what the catalogue maps elsewhere. */
  readonly file: number;
  readonly schema: number;
  readonly name: string;
  /** `r` for a table, `i` for an index (pg_class.relkind). */
  readonly kind: string;
}

/** The first file of `pg_class`. */
export const classFile = 1259;

const operationMask = 0x70;
const insert = 0x00;

/** Of a row in a record: masks and the place of its columns; of the header of a row on disk, what comes before is left out. */
const rowHeader = 5;
const rowHeaderOnDisk = 23;

const nameBytes = 64;
const at = { oid: 0, name: 4, schema: 68, file: 88 };

/** After `relallvisible`, to which 18 added `relallfrozen`: a number, two truths, a character, and the kind. */
const kindAt = (major: number): number => (major < 18 ? 115 : 119);

const textOf = (bytes: Buffer): string => {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
};

/** The entry that a record adds to `pg_class`; undefined for another record, and for one that holds the page instead of the row. */
export const classEntryIn = (record: LogRecord, major: number): ClassEntry | undefined => {
  const { manager, operation, relation, row } = record;
  const isInsert = manager === managers.heap && (operation & operationMask) === insert;
  if (!isInsert || relation?.file !== classFile || row.length <= rowHeader) return undefined;
  const columns = row.subarray(rowHeader + row.readUInt8(4) - rowHeaderOnDisk);
  const kind = kindAt(major);
  if (columns.length <= kind) return undefined;
  return {
    database: relation.database,
    oid: columns.readUInt32LE(at.oid),
    file: columns.readUInt32LE(at.file),
    schema: columns.readUInt32LE(at.schema),
    name: textOf(columns.subarray(at.name, at.name + nameBytes)),
    kind: columns.toString('latin1', kind, kind + 1),
  };
};
