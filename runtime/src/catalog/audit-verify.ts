import { BackupError } from '../core/errors.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Store } from '../store/store.ts';
import { auditKey, markedNewest, readAudit, sequenceOf, type AuditLine } from './audit.ts';
import { genesis, hashOf, proofOf } from './audit-entry.ts';

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

/** One problem for a gap of any length: anybody could name an object with ten nines. */
const reportGap = ({ problems, expected }: Walk, next: number): void => {
  const more = next - expected - 1;
  if (more < 0) return;
  problems.push({
    entry: auditKey(expected),
    message: more === 0 ? 'is missing' : `is missing, and ${more} after it`,
  });
};

const step = async (
  walk: Walk,
  keys: KeyRing | undefined,
  { key, line, entry }: AuditLine,
): Promise<void> => {
  const report = (message: string): void => void walk.problems.push({ entry: key, message });
  const sequence = sequenceOf(key);
  if (sequence === undefined) return report('is no entry of the trail');
  reportGap(walk, sequence);
  const proof = entry ? await proofOf(entry, keys) : 'altered';
  if (!entry || proof === 'altered') report('was altered');
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
  reportGap(walk, marked + 1);
  if (keys && !walk.sealed)
    walk.problems.push({
      entry: auditKey(walk.expected - 1),
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
