import { managers, relationFileAt, relationFileBytes, type LogRecord, type RelationFile } from './record.ts';

/** How a transaction ended. */
export interface Ending {
  readonly committed: boolean;
  /** Its number, also where another session ended what was prepared. */
  readonly transaction: number;
  /** Microseconds since 2000-01-01. */
  readonly at: bigint;
  /** Numbers of its subtransactions that ended as it did. */
  readonly children: readonly number[];
  /** Files that go with it. */
  readonly files: readonly RelationFile[];
}

const operationMask = 0x70;
const commits = [0x00, 0x30];
const aborts = [0x20, 0x40];

/** `xl_info`: more follows the time. */
const hasInfo = 0x80;

/** Bits of `xinfo`, each for a part that follows, in the order in which they follow (xact.h). */
const parts = {
  database: 0x01,
  children: 0x02,
  files: 0x04,
  statistics: 0x100,
  messages: 0x08,
  prepared: 0x10,
};

const messageBytes = 16;
/** An object has 4 bytes up to 17, 8 from 18 on. */
const statisticsBytes = (major: number): number => (major < 18 ? 12 : 16);

/** Reads one value after the other. @throws RangeError beyond the end */
const cursor = (bytes: Buffer) => {
  let at = 8; // after the time
  const next = (): number => {
    at += 4;
    return bytes.readUInt32LE(at - 4);
  };
  /** As many as there are bytes for at most. */
  const list = <Item>(size: number, read: (at: number) => Item): readonly Item[] => {
    const count = next();
    const from = at;
    at += count * size;
    if (at > bytes.length) throw new RangeError(`a list of ${count}`);
    return Array.from({ length: count }, (_, index) => read(from + index * size));
  };
  return {
    next,
    list,
    skip: (count: number) => void (at += count),
    skipList: (size: number) => {
      const count = next();
      at += count * size;
    },
  };
};

/** Undefined for what ends no transaction. @throws RangeError for a record that was cut */
export const endingOf = (record: LogRecord, major: number): Ending | undefined => {
  const { manager, data, operation } = record;
  if (manager !== managers.transaction) return undefined;
  const what = operation & operationMask;
  const committed = commits.includes(what);
  if (!committed && !aborts.includes(what)) return undefined;
  const read = cursor(data);
  const info = (operation & hasInfo) === 0 ? 0 : read.next();
  const has = (part: number): boolean => (info & part) !== 0;
  if (has(parts.database)) read.skip(8);
  const children = has(parts.children) ? read.list(4, (at) => data.readUInt32LE(at)) : [];
  const files = has(parts.files) ? read.list(relationFileBytes, (at) => relationFileAt(data, at)) : [];
  if (has(parts.statistics)) read.skipList(statisticsBytes(major));
  if (has(parts.messages)) read.skipList(messageBytes);
  const transaction = has(parts.prepared) ? read.next() : record.transaction;
  return { committed, transaction, at: data.readBigInt64LE(0), children, files };
};
