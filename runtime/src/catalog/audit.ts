import { isBackupError } from '../core/errors.ts';
import { collect } from '../core/process.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Store } from '../store/store.ts';
import {
  decodeEntry,
  encodeEntry,
  genesis,
  hashOf,
  type AuditContent,
  type AuditEntry,
} from './audit-entry.ts';

/** Where the newest entry was when it was written: spares a listing, and shows when the end of the trail is cut off. */
const newest = 'audit/latest_entry.json';

export const auditKey = (sequence: number): string => `audit/${String(sequence).padStart(10, '0')}.json`;

/** Undefined for what is no entry's key. */
export const sequenceOf = (key: string): number | undefined => {
  const digits = /^audit\/(\d{10})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

/** Sequence that the alias names; 0 where there is none. */
export const markedNewest = async (store: Store): Promise<number> => {
  const key = await store.resolve(newest).catch(() => undefined); // damaged: the listing knows
  return (key && sequenceOf(key)) || 0;
};

const listedNewest = async (store: Store): Promise<number> => {
  let last = 0;
  for await (const { key } of store.list('audit/')) last = sequenceOf(key) ?? last;
  return last;
};

/** The entry to continue from. One that is marked but gone leaves a gap, so that its removal stays visible. */
const lastSequence = async (store: Store): Promise<number> => {
  let last = (await markedNewest(store)) || (await listedNewest(store));
  while (await store.head(auditKey(last + 1))) last++;
  return last;
};

const readLine = async (store: Store, sequence: number): Promise<Buffer | undefined> => {
  try {
    return await collect(store.get(auditKey(sequence)));
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    throw error;
  }
};

const hashAt = async (store: Store, sequence: number): Promise<string> => {
  const line = sequence > 0 ? await readLine(store, sequence) : undefined;
  return line ? hashOf(line) : genesis;
};

/** False where another writer took the sequence number in between. */
const tryAppend = async (
  store: Store,
  keys: KeyRing | undefined,
  event: AuditEvent,
  last: number,
): Promise<boolean> => {
  const sequence = last + 1;
  const content = { format: 1, sequence, ...event, previous: await hashAt(store, last) } as const;
  const line = await encodeEntry(content, keys?.[0]);
  try {
    // A stream comes once: tried again after a lost answer, an exclusive put would find itself.
    await store.put(auditKey(sequence), oneChunk(line), { replace: false });
  } catch (error) {
    if (isBackupError(error, 'store.exists')) return false;
    throw error;
  }
  await store.point(newest, auditKey(sequence));
  return true;
};

export type AuditEvent = Omit<AuditContent, 'format' | 'sequence' | 'previous' | 'key'>;

/**
 * Appends to the audit trail: one object per entry, `audit/<sequence>.json`, which `cat audit/0*` reads as JSON lines. S3
 * cannot append, but it can create exclusively: an entry is never overwritten, and of two writers one gets the number and
 * the other takes the next. Each entry holds the hash of the one before and, where the plan encrypts, a MAC under the
 * plan's first key, so that without the passphrase none can be altered, removed, put elsewhere or added unseen.
 *
 * Who can write to the store can cut off its newest entries together with the mark of the newest one: against that, keep
 * the trail in a bucket with Object Lock, or note the last sequence number elsewhere.
 * @throws BackupError `store.*`
 */
export const appendAudit = async (
  store: Store,
  keys: KeyRing | undefined,
  event: AuditEvent,
): Promise<void> => {
  while (!(await tryAppend(store, keys, event, await lastSequence(store))));
};

/** An object of the trail; `entry` is undefined where it holds none. */
export interface AuditLine {
  readonly key: string;
  readonly line: Buffer;
  readonly entry: AuditEntry | undefined;
}

/** All of the trail in order, not yet proved. */
export async function* readAudit(store: Store): AsyncGenerator<AuditLine> {
  for await (const { key } of store.list('audit/')) {
    const line = await collect(store.get(key));
    yield { key, line, entry: decodeEntry(line) };
  }
}
