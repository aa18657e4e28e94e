import { recordHeader, type RawRecord } from './pages.ts';

/** A file of a table, an index or the like. Its number is another one after each TRUNCATE and the like. */
export interface RelationFile {
  /** 0 for what all databases share. */
  readonly database: number;
  readonly file: number;
}

/** What a record says, as far as it tells of changes of tables. */
export interface LogRecord {
  readonly position: bigint;
  /** 0 where it belongs to no transaction. */
  readonly transaction: number;
  /** Number of the resource manager that wrote it (rmgrlist.h). */
  readonly manager: number;
  /** What the manager calls it: the high half of `xl_info`. */
  readonly operation: number;
  /** Of the first block that it changes. */
  readonly relation?: RelationFile;
  /** What it writes into that block; empty where it holds the page instead. */
  readonly row: Buffer;
  /** Of the manager's own; may be cut. */
  readonly data: Buffer;
}

/** Resource managers that tell of changes of tables (rmgrlist.h), the same in all versions. */
export const managers = { log: 0, transaction: 1, storage: 2, database: 4, standby: 8, heap2: 9, heap: 10 };

const wanted = new Set(Object.values(managers));

const shortData = 255;
const longData = 254;
const origin = 253;
const topTransaction = 252;
const mostBlock = 32;

const hasImage = 0x10;
const isSameRelation = 0x80;
const hasHole = 0x01;
/** By one of three methods, from PostgreSQL 15 on. */
const isCompressed = 0x1c;

/** Tablespace, database and file, each 4 bytes. */
export const relationFileBytes = 12;
export const relationFileAt = (bytes: Buffer, at: number): RelationFile => ({
  database: bytes.readUInt32LE(at + 4),
  file: bytes.readUInt32LE(at + 8),
});

interface Headers {
  readonly relation?: RelationFile;
  readonly dataBytes: number;
  /** Where the headers end; of the first block, the image comes first there, and then the row. */
  readonly end: number;
  readonly imageBytes: number;
  readonly rowBytes: number;
}

interface Block {
  readonly imageBytes: number;
  readonly rowBytes: number;
}

const noBlock: Block = { imageBytes: 0, rowBytes: 0 };

/** Length of the header of a page image. */
const imageHeader = (bytes: Buffer, at: number): number => {
  const info = bytes.readUInt8(at + 4);
  return (info & hasHole) !== 0 && (info & isCompressed) !== 0 ? 7 : 5;
};

/** Reads headers of blocks up to that of the data, which is the last one. @throws RangeError beyond the record */
const readHeaders = (bytes: Buffer, total: number): Headers => {
  let relation: RelationFile | undefined;
  let first: Block | undefined;
  let content = 0;
  const headers = (end: number, dataBytes: number): Headers => ({
    ...(relation && { relation }),
    ...(first ?? noBlock),
    dataBytes,
    end,
  });
  let at = recordHeader;
  while (at < total - content) {
    const id = bytes.readUInt8(at);
    if (id === shortData) return headers(at + 2, bytes.readUInt8(at + 1));
    if (id === longData) return headers(at + 5, bytes.readUInt32LE(at + 1));
    if (id === origin) at += 3;
    else if (id === topTransaction) at += 5;
    else if (id > mostBlock) throw new RangeError(`block ${id}`);
    else {
      const flags = bytes.readUInt8(at + 1);
      const rowBytes = bytes.readUInt16LE(at + 2);
      at += 4;
      const imageBytes = (flags & hasImage) === 0 ? 0 : bytes.readUInt16LE(at);
      if (imageBytes > 0) at += imageHeader(bytes, at);
      content += rowBytes + imageBytes;
      first ??= { imageBytes, rowBytes };
      if ((flags & isSameRelation) === 0) {
        relation ??= relationFileAt(bytes, at);
        at += relationFileBytes;
      }
      at += 4; // number of the block
    }
  }
  return headers(at, 0);
};

/** Undefined for what tells of no table. @throws RangeError for what is no record */
export const parseRecord = ({ position, bytes, total }: RawRecord): LogRecord | undefined => {
  const manager = bytes.readUInt8(17);
  if (!wanted.has(manager)) return undefined;
  const { relation, dataBytes, end, imageBytes, rowBytes } = readHeaders(bytes, total);
  return {
    position,
    transaction: bytes.readUInt32LE(4),
    manager,
    operation: bytes.readUInt8(16) & 0xf0,
    ...(relation && { relation }),
    row: bytes.subarray(end + imageBytes, end + imageBytes + rowBytes),
    data: bytes.subarray(total - dataBytes, total),
  };
};
