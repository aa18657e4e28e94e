/** A dump in pg_dump's custom format, as bytes: what pg_backup_archiver.c and pg_backup_custom.c of version 1.14 write. */

/** A table, its columns as the COPY statement has them, and its rows as COPY's text. */
export interface DumpedTable {
  readonly schema?: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly string[];
}

/** Large objects by number, in the pieces in which they are written. */
export type DumpedObjects = Readonly<Record<number, readonly Buffer[]>>;

const intBytes = 4;
const offsetBytes = 8;

const integer = (value: number): Buffer => {
  const bytes = Buffer.alloc(1 + intBytes);
  bytes[0] = value < 0 ? 1 : 0;
  bytes.writeUInt32LE(Math.abs(value), 1);
  return bytes;
};
const text = (value: string): Buffer =>
  Buffer.concat([integer(Buffer.byteLength(value)), Buffer.from(value)]);
const pieces = (all: readonly Buffer[]): Buffer =>
  Buffer.concat([...all.flatMap((piece) => [integer(piece.length), piece]), integer(0)]);

const copyOf = ({ schema = 'public', name, columns }: DumpedTable): string =>
  `COPY ${schema}.${name} ${columns.length > 0 ? `(${columns.join(', ')})` : ' '} FROM stdin;\n`;

const entry = (id: number, kind: string, table: DumpedTable): Buffer => {
  const { schema = 'public', name } = table;
  const head = [integer(id), integer(1), text('0'), text('0'), text(name), text(kind), integer(3)];
  const statements = [text(''), text(''), text(copyOf(table))];
  const place = [text(schema), text(''), text(''), text('owner'), text('false')];
  return Buffer.concat([...head, ...statements, ...place, integer(-1), Buffer.alloc(1 + offsetBytes)]);
};

const tableBlock = (id: number, { rows }: DumpedTable, pieceBytes: number): Buffer => {
  const data = Buffer.from(`${rows.map((row) => `${row}\n`).join('')}\\.\n\n\n`, 'latin1');
  const count = Math.ceil(data.length / pieceBytes);
  const cut = Array.from({ length: count }, (_, n) => data.subarray(n * pieceBytes, (n + 1) * pieceBytes));
  return Buffer.concat([Buffer.from([1]), integer(id), pieces(cut)]);
};

const objectsBlock = (objects: DumpedObjects): Buffer =>
  Buffer.concat([
    Buffer.from([3]),
    integer(999),
    ...Object.entries(objects).flatMap(([id, cut]) => [integer(Number(id)), pieces(cut)]),
    integer(0),
  ]);

const time = Array.from({ length: 7 }, () => integer(1));

/** Rows are written in pieces of `pieceBytes`. */
export const customDump = (
  tables: readonly DumpedTable[],
  objects: DumpedObjects = {},
  { minor = 14, pieceBytes = 4096 } = {},
): Buffer => {
  const form = Buffer.from([1, minor, 0, intBytes, offsetBytes, 1]);
  const names = [text('grill'), text('15.1'), text('15.1')];
  return Buffer.concat([
    Buffer.from('PGDMP'),
    form,
    integer(0), // compression
    ...time,
    ...names,
    integer(tables.length),
    ...tables.map((table, index) => entry(index + 1, 'TABLE DATA', table)),
    ...tables.map((table, index) => tableBlock(index + 1, table, pieceBytes)),
    ...(Object.keys(objects).length > 0 ? [objectsBlock(objects)] : []),
  ]);
};
