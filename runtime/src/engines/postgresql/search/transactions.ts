import { endingOf, type Ending } from './ending.ts';
import { managers, relationFileAt, type LogRecord, type RelationFile } from './record.ts';

/** Rows that a transaction wrote in one file. */
export interface Rows {
  readonly file: RelationFile;
  inserted: number;
  updated: number;
  deleted: number;
}

/** A relation by its number in `pg_class`, which stays the same. */
export interface RelationNumber {
  readonly database: number;
  readonly oid: number;
}

/** What the log shows of a transaction. */
export interface Changes {
  readonly rows: ReadonlyMap<string, Rows>;
  readonly created: readonly RelationFile[];
  /** Emptied in their place, as it is done with a table of the same transaction. */
  readonly emptied: readonly RelationFile[];
  /** Created files into which whole pages were written: an index, or a table that was rewritten. */
  readonly filled: ReadonlySet<string>;
  /** Locked against everybody, as it is done before a relation is dropped, emptied or altered. */
  readonly locked: readonly RelationNumber[];
  readonly droppedDatabases: readonly number[];
}

/** A transaction that was committed. */
export interface Committed extends Changes {
  readonly id: number;
  /** Of its commit. */
  readonly position: bigint;
  /** Microseconds since 2000-01-01. */
  readonly at: bigint;
  readonly dropped: readonly RelationFile[];
  /** False: it may have begun before what was read. */
  readonly isWhole: boolean;
}

interface Open extends Changes {
  readonly rows: Map<string, Rows>;
  readonly created: RelationFile[];
  readonly emptied: RelationFile[];
  readonly filled: Set<string>;
  readonly locked: RelationNumber[];
  readonly droppedDatabases: number[];
}

export const fileKey = ({ database, file }: RelationFile): string => `${database}/${file}`;

/**
 * Transactions that are remembered at a time, subtransactions too: a log may begin many that never end. Of each one, so many files.
 * @default 100,000 and 1,000 - some 100 MB at worst
 */
const mostOpen = 100_000;
const mostFiles = 1000;

const nothing = (): Open => ({
  rows: new Map(),
  created: [],
  emptied: [],
  filled: new Set(),
  locked: [],
  droppedDatabases: [],
});

const rowsOf = ({ rows }: Open, file: RelationFile): Rows | undefined => {
  const key = fileKey(file);
  const known = rows.get(key);
  if (known ?? rows.size >= mostFiles) return known;
  const fresh = { file, inserted: 0, updated: 0, deleted: 0 };
  rows.set(key, fresh);
  return fresh;
};

const pushed = <Item>(list: Item[], item: Item): void => {
  if (list.length < mostFiles) list.push(item);
};

const merge = (into: Open, from: Open): void => {
  for (const { file, inserted, updated, deleted } of from.rows.values()) {
    const rows = rowsOf(into, file);
    if (!rows) continue;
    rows.inserted += inserted;
    rows.updated += updated;
    rows.deleted += deleted;
  }
  for (const file of from.created) pushed(into.created, file);
  for (const file of from.emptied) pushed(into.emptied, file);
  for (const key of from.filled) if (into.filled.size < mostFiles) into.filled.add(key);
  for (const lock of from.locked) pushed(into.locked, lock);
  for (const database of from.droppedDatabases) pushed(into.droppedDatabases, database);
};

/** Heap operations (heapam_xlog.h), without the bit for a new page. */
const heapMask = 0x70;
const heapOperations: Readonly<Record<number, 'inserted' | 'deleted' | 'updated'>> = {
  0x00: 'inserted',
  0x10: 'deleted',
  0x20: 'updated',
  0x40: 'updated', // within its page
};
const manyInserted = 0x50;
const created = 0x10;
const cutShort = 0x20;
const databaseDropped = 0x20;
const pageImage = 0xb0;

const noteHeap = (open: Open, { manager, operation, relation, data }: LogRecord): void => {
  const rows = relation && rowsOf(open, relation);
  if (!rows) return;
  if (manager === managers.heap2) {
    if ((operation & heapMask) === manyInserted) rows.inserted += data.readUInt16LE(2);
    return;
  }
  const what = heapOperations[operation & heapMask];
  if (what) rows[what] += 1;
};

const noteStorage = (open: Open, { operation, data }: LogRecord): void => {
  if (operation === created && data.readUInt32LE(12) === 0) pushed(open.created, relationFileAt(data, 0));
  if (operation === cutShort && data.readUInt32LE(0) === 0) pushed(open.emptied, relationFileAt(data, 4));
};

const notePages = (open: Open, { operation, relation }: LogRecord): void => {
  if (operation === pageImage && relation && open.filled.size < mostFiles) open.filled.add(fileKey(relation));
};

/** Numbers of transactions go round: the half before one is older. */
const isBefore = (a: number, b: number): boolean => ((a - b) | 0) < 0;

/** Follows the transactions of a log, record by record, and gives each one that was committed. @param major of the server */
export const transactionReader = (major: number) => {
  const running = new Map<number, Open>();
  let firstNext: number | undefined;
  let isForgotten = false;

  const openOf = (id: number): Open => {
    const known = running.get(id);
    if (known) return known;
    const [oldest] = running.size >= mostOpen ? running.keys() : [];
    if (oldest !== undefined) {
      running.delete(oldest);
      isForgotten = true;
    }
    const fresh = nothing();
    running.set(id, fresh);
    return fresh;
  };

  /** What the server says that runs: all older ones have ended, also those that a crash ended. */
  const noteRunning = ({ data }: LogRecord): void => {
    firstNext ??= data.readUInt32LE(12);
    const oldest = data.readUInt32LE(16);
    if (running.size > mostFiles)
      for (const id of running.keys()) if (isBefore(id, oldest)) running.delete(id);
  };

  const noteLocks = ({ data }: LogRecord): void => {
    const count = Math.min(data.readUInt32LE(0), (data.length - 4) / 12);
    for (let at = 4; at < 4 + count * 12; at += 12)
      pushed(openOf(data.readUInt32LE(at)).locked, {
        database: data.readUInt32LE(at + 4),
        oid: data.readUInt32LE(at + 8),
      });
  };

  const note = (record: LogRecord): void => {
    const { manager, operation, transaction } = record;
    if (manager === managers.standby) {
      if (operation === 0x00) noteLocks(record);
      if (operation === 0x10) noteRunning(record);
    } else if (transaction !== 0) {
      const open = openOf(transaction);
      if (manager === managers.heap || manager === managers.heap2) noteHeap(open, record);
      if (manager === managers.storage) noteStorage(open, record);
      if (manager === managers.log) notePages(open, record);
      if (manager === managers.database && operation === databaseDropped)
        pushed(open.droppedDatabases, record.data.readUInt32LE(0));
    }
  };

  /** All that belongs to it, and is forgotten now. */
  const takeAll = ({ transaction, children }: Ending): Open => {
    const all = running.get(transaction) ?? nothing();
    running.delete(transaction);
    for (const child of children) {
      const part = running.get(child);
      if (part) merge(all, part);
      running.delete(child);
    }
    return all;
  };

  const isWhole = (id: number): boolean =>
    !isForgotten && firstNext !== undefined && !isBefore(id, firstNext);

  return (record: LogRecord): Committed | undefined => {
    const ending = endingOf(record, major);
    if (!ending) {
      note(record);
      return undefined;
    }
    const { transaction: id, committed, at, files: dropped } = ending;
    const changes = takeAll(ending);
    const { position } = record;
    return committed ? { ...changes, id, position, at, dropped, isWhole: isWhole(id) } : undefined;
  };
};
