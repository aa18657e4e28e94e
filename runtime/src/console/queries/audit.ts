import type { ShownEntry } from '../../commands/audit/result.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import { auditKey, lastSequence, readLine } from '../../runs/audit.ts';
import { decodeEntry, genesis, hashOf, provenEntry } from '../../runs/audit-entry.ts';
import type { App } from '../../session/app.ts';

/** What is wrong with an entry where it stands; `audit verify` looks at the whole trail. */
export interface AuditProblem {
  readonly entry: string;
  readonly message: string;
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly ShownEntry[];
  readonly problems: readonly AuditProblem[];
  /** `before` of the next page; absent on the last one. */
  readonly next?: number;
}

/** Entries that are read at the same time. */
const together = 8;

/** A page of the trail, each entry proved, and compared with the one before it. @param before number of the entry that the page ends before; without it the newest. @throws BackupError `store.*` */
export const auditPage = async (
  { stores, keys }: App,
  limit: number,
  before?: number,
): Promise<AuditPage> => {
  const newest = Math.min(await lastSequence(stores.primary), (before ?? Infinity) - 1);
  const oldest = Math.max(1, newest - limit + 1);
  const wanted = Array.from({ length: Math.max(0, newest - oldest + 1) }, (_, index) => newest - index);
  // one more, which the oldest of the page must follow from
  const lines = await sideBySide([...wanted, oldest - 1], together, (sequence) =>
    sequence > 0 ? readLine(stores.primary, sequence) : Promise.resolve(undefined),
  );
  const entries: ShownEntry[] = [];
  const problems: AuditProblem[] = [];
  for (const [index, sequence] of wanted.entries()) {
    const [line, earlier] = [lines[index], lines[index + 1]];
    const entry = line && decodeEntry(line);
    const say = (message: string) => problems.push({ entry: auditKey(sequence), message });
    if (!line) say('is missing');
    if (line && !entry) say('was altered');
    if (!entry) continue;
    const proof = await provenEntry(entry, keys);
    entries.push({ ...entry, proof });
    if (proof === 'altered') say('was altered');
    if (entry.sequence !== sequence) say(`is entry ${entry.sequence}, moved to another place`);
    if (entry.previous !== (earlier ? hashOf(earlier) : genesis))
      say('does not follow from the entry before it');
  }
  return { entries, problems, ...(oldest > 1 && { next: oldest }) };
};
