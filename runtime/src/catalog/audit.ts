import { BackupError, isBackupError } from '../core/errors.ts';
import { collect } from '../core/process.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Store } from '../store/store.ts';
import {
  decodeEntry,
  encodeEntry,
  genesis,
  hashOf,
  proofOf,
  type AuditContent,
  type AuditEntry,
} from './audit-entry.ts';

/** Where the newest entry was when it was written: spares a listing, and shows when the end of the trail is cut off. */
const newest = 'audit/latest_entry.json';

const keyOf = (sequence: number): string => `audit/${String(sequence).padStart(10, '0')}.json`;

const sequenceOf = (key: string): number | undefined => {
  const digits = /^audit\/(\d{10})\.json$/.exec(key)?.[1];
  return digits === undefined ? undefined : Number(digits);
};

const markedNewest = async (store: Store): Promise<number> => {
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
  while (await store.head(keyOf(last + 1))) last++;
  return last;
};

const readLine = async (store: Store, sequence: number): Promise<Buffer | undefined> => {
  try {
    return await collect(store.get(keyOf(sequence)));
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
  const body = async function* () {
    yield line;
  };
  try {
    // A stream comes once: tried again after a lost answer, an exclusive put would find itself.
    await store.put(keyOf(sequence), body(), { replace: false });
  } catch (error) {
    if (isBackupError(error, 'store.exists')) return false;
    throw error;
  }
  await store.point(newest, keyOf(sequence));
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

/** Entries in order; what is no entry comes as its key alone. */
export async function* readAudit(
  store: Store,
): AsyncGenerator<{ readonly key: string; readonly line: Buffer; readonly entry: AuditEntry | undefined }> {
  for await (const { key } of store.list('audit/')) {
    const line = await collect(store.get(key));
    yield { key, line, entry: decodeEntry(line) };
  }
}

/** Outcome of `audit verify`, as `--json` prints it. */
export interface AuditReport {
  readonly ok: boolean;
  readonly entries: number;
  /** Of these, under a key at hand. The others are vouched for by the hash that a later one holds. */
  readonly proved: number;
  /** In the order of the trail: the first one tells where it breaks. */
  readonly problems: readonly { readonly entry: string; readonly message: string }[];
}

/** State of a walk along the trail. */
interface Walk {
  readonly problems: { entry: string; message: string }[];
  expected: number;
  previous: string;
  entries: number;
  proved: number;
  /** The last entry is under a key at hand. */
  sealed: boolean;
}

const step = async (
  walk: Walk,
  keys: KeyRing | undefined,
  { key, line, entry }: Awaited<ReturnType<ReturnType<typeof readAudit>['next']>>['value'],
): Promise<void> => {
  const report = (message: string): void => void walk.problems.push({ entry: key, message });
  const sequence = sequenceOf(key);
  if (sequence === undefined) return report('is no entry of the trail');
  for (; walk.expected < sequence; walk.expected++)
    walk.problems.push({ entry: keyOf(walk.expected), message: 'is missing' });
  const proof = entry ? await proofOf(entry, keys) : 'altered';
  if (proof === 'altered') report('was altered');
  else if (entry.sequence !== sequence) report(`is entry ${entry.sequence}, put in another place`);
  else if (entry.previous !== walk.previous) report('does not follow from the entry before it');
  walk.expected = sequence + 1;
  walk.previous = hashOf(line);
  walk.entries++;
  walk.proved += Number(proof === 'proved');
  walk.sealed = proof === 'proved';
};

/** Proves the whole trail: no entry altered, missing, out of place or added. */
export const verifyAudit = async (store: Store, keys: KeyRing | undefined): Promise<AuditReport> => {
  const walk: Walk = { problems: [], expected: 1, previous: genesis, entries: 0, proved: 0, sealed: true };
  const marked = await markedNewest(store);
  for await (const found of readAudit(store)) await step(walk, keys, found);
  for (; walk.expected <= marked; walk.expected++)
    walk.problems.push({ entry: keyOf(walk.expected), message: 'is missing' });
  if (keys && !walk.sealed)
    walk.problems.push({
      entry: keyOf(walk.expected - 1),
      message: 'is the newest, and under no key at hand',
    });
  const { problems, entries, proved } = walk;
  return { ok: problems.length === 0, entries, proved, problems };
};

/** @throws BackupError `audit.broken` naming the first entry that is wrong */
export const requireWhole = ({ problems }: AuditReport): void => {
  const [first] = problems;
  if (first) throw new BackupError('audit.broken', `${first.entry} ${first.message}`);
};
