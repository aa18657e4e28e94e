import { auditFolder } from '../contract/names.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Store } from '../store/store.ts';
import { isOfObject } from '../archives/catalogue.ts';
import {
  decodeEntry,
  encodeEntry,
  genesis,
  hashOf,
  provenEntry,
  type AuditContent,
  type AuditEntry,
} from './audit-entry.ts';

/** Where the newest entry was when it was written: spares a listing, and shows when the end of the trail is cut off. */
const newest = `${auditFolder}/latest_entry.json`;

export const auditKey = (sequence: number): string =>
  `${auditFolder}/${String(sequence).padStart(10, '0')}.json`;

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
  for await (const objects of store.list(`${auditFolder}/`))
    for (const { key } of objects) last = sequenceOf(key) ?? last;
  return last;
};

/** Runs that end while one writes its entry; far fewer in a store that tells the truth. */
const mostWriters = 1000;

const unending = (store: Store): BackupError =>
  new BackupError(
    'store.failed',
    `${store.location} has too many audit entries after the newest known one: see audit/`,
  );

/** Number of the newest entry, 0 without one. One that is marked but gone leaves a gap, so that its removal stays visible. @throws BackupError `store.*` */
export const lastSequence = async (store: Store): Promise<number> => {
  const last = (await markedNewest(store)) || (await listedNewest(store));
  for (let further = 0; further < mostWriters; further++)
    if (!(await store.head(auditKey(last + further + 1)))) return last + further;
  throw unending(store);
};

/** One line of the trail; undefined where it is missing. @throws BackupError `store.*` */
export const readLine = async (store: Store, sequence: number): Promise<Buffer | undefined> => {
  try {
    return await readSmall(store, auditKey(sequence), 'auditEntry');
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    throw error;
  }
};

/** What the next entry says of the one before it: its hash, and whether it is proved. A missing one has none. */
const linkTo = async (
  store: Store,
  keys: KeyRing | undefined,
  sequence: number,
  environment: string | undefined,
): Promise<Pick<AuditContent, 'previous' | 'follows'>> => {
  const line = sequence > 0 ? await readLine(store, sequence) : undefined;
  if (!line) return { previous: genesis };
  const entry = keys && decodeEntry(line);
  const proved =
    entry?.sequence === sequence &&
    entry.environment === environment &&
    (await provenEntry(entry, keys)) === 'proved';
  return { previous: hashOf(line), ...(proved && { follows: 'proved' }) };
};

/** False where another writer took the sequence number in between. */
const tryAppend = async (
  store: Store,
  keys: KeyRing | undefined,
  event: AuditEvent,
  last: number,
): Promise<boolean> => {
  const sequence = last + 1;
  const link = await linkTo(store, keys, last, event.environment);
  const content = { format: 1, sequence, ...event, ...link } as const;
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

export type AuditEvent = Omit<AuditContent, 'format' | 'sequence' | 'previous' | 'follows'>;

/**
 * Appends to the audit trail: one object per entry, `audit/<sequence>.json`, which `cat audit/0*` reads as JSON lines. S3
 * cannot append, but it can create exclusively: an entry is never overwritten, and of two writers one gets the number and
 * the other takes the next. Each entry holds the hash of the one before and, where the plan encrypts, a MAC under the
 * plan's first key: without the passphrase none can be altered, put elsewhere or added, and none taken out of the middle.
 *
 * Who can write to the store can cut off the newest entries together with the mark of the newest one, take all away, or
 * bring back an earlier state of the trail: docs/explanation/architecture.md says what tells of it.
 * @throws BackupError `store.*`
 */
export const appendAudit = async (
  store: Store,
  keys: KeyRing | undefined,
  event: AuditEvent,
): Promise<void> => {
  for (let writers = 0; writers < mostWriters; writers++)
    if (await tryAppend(store, keys, event, await lastSequence(store))) return;
  throw unending(store);
};

/** An object of the trail; `entry` is undefined where it holds none. */
export interface AuditLine {
  readonly key: string;
  readonly line: Buffer;
  readonly entry: AuditEntry | undefined;
}

const nothing = Buffer.alloc(0);

/** Of what cannot be read, or is too large to be an entry, nothing: it is none. Undefined for what is gone since it was listed. */
const readEntry = async (store: Store, key: string): Promise<Buffer | undefined> => {
  try {
    return await readSmall(store, key, 'auditEntry');
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    if (isOfObject(error)) return nothing;
    throw error;
  }
};

/** All of the trail in order, not yet proved. */
export async function* readAudit(store: Store): AsyncGenerator<AuditLine> {
  for await (const objects of store.list(`${auditFolder}/`))
    for (const { key } of objects) {
      const line = await readEntry(store, key);
      if (line) yield { key, line, entry: decodeEntry(line) };
    }
}
