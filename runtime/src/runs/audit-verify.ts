import { BackupError } from '../core/errors.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Store } from '../store/store.ts';
import { auditKey, markedNewest, readAudit, sequenceOf, type AuditLine } from './audit.ts';
import { genesis, hashOf, provenEntry, type AuditEntry } from './audit-entry.ts';
import type { Proof } from '../crypto/signature.ts';

/** Outcome of `audit verify`, as `--json` prints it. */
export interface AuditReport {
  readonly ok: boolean;
  readonly entries: number;
  /** Of these, under a key at hand. With a key, the others are problems, but for those that a later one vouches for. */
  readonly proved: number;
  /** In the order of the trail: the first one tells where it breaks. */
  readonly problems: readonly { readonly entry: string; readonly message: string }[];
}

interface Problem {
  readonly entry: string;
  readonly message: string;
}

/** What is known of an entry where it stands. */
interface Step {
  readonly key: string;
  readonly problems: readonly Problem[];
  readonly proof: Proof;
  /** It says that the entry before it was proved when it was written; that it is that very entry, its hash tells. */
  readonly vouches: boolean;
}

/** Where the walk along the trail has come to. */
interface Place {
  readonly expected: number;
  readonly previous: string;
}

/** One problem for a gap of any length: anybody could name an object with ten nines. */
const gap = (expected: number, next: number): readonly Problem[] => {
  const more = next - expected - 1;
  if (more < 0) return [];
  const message = more === 0 ? 'is missing' : `is missing, and ${more} after it`;
  return [{ entry: auditKey(expected), message }];
};

const wrongWith = (
  entry: AuditEntry | undefined,
  proof: Proof,
  sequence: number,
  previous: string,
  environment: string | undefined,
): string | undefined => {
  if (!entry || proof === 'altered') return 'was altered';
  if (entry.sequence !== sequence) return `is entry ${entry.sequence}, moved to another place`;
  if (environment !== undefined && (entry.environment ?? environment) !== environment)
    return `belongs to environment ${entry.environment}`;
  return entry.previous === previous ? undefined : 'does not follow from the entry before it';
};

const stepOf = async (
  { key, line, entry }: AuditLine,
  { expected, previous }: Place,
  keys: KeyRing | undefined,
  environment: string | undefined,
): Promise<readonly [Step, Place]> => {
  const sequence = sequenceOf(key);
  if (sequence === undefined) {
    const problems = [{ entry: key, message: 'is not an entry of the trail' }];
    return [
      { key, problems, proof: 'altered', vouches: false },
      { expected, previous },
    ];
  }
  const proof = entry ? await provenEntry(entry, keys) : 'altered';
  const wrong = wrongWith(entry, proof, sequence, previous, environment);
  const problems = [...gap(expected, sequence), ...(wrong ? [{ entry: key, message: wrong }] : [])];
  return [
    { key, problems, proof, vouches: entry?.follows === 'proved' },
    { expected: sequence + 1, previous: hashOf(line) },
  ];
};

/**
 * With a key, every entry is proved by it, or vouched for by the one after it: anybody can write the others, and what was
 * once not proved stays so, whatever follows.
 */
const unbelieved = (steps: readonly Step[]): ReadonlyMap<Step, string> => {
  const found = new Map<Step, string>();
  let next: Step | undefined;
  let believed = false;
  for (const step of steps.toReversed()) {
    believed = step.proof === 'proved' || (step.proof === 'unproved' && believed && next?.vouches === true);
    if (step.proof === 'unproved' && !believed)
      found.set(
        step,
        next
          ? 'is signed by no available key, and no later entry vouches for it'
          : 'is the newest, and signed by no available key',
      );
    next = step;
  }
  return found;
};

/**
 * Proves the whole trail: no entry altered, missing, out of place or added.
 * @param environment of the plan; entries of another one are problems
 */
export const verifyAudit = async (
  store: Store,
  keys: KeyRing | undefined,
  environment?: string,
): Promise<AuditReport> => {
  const marked = await markedNewest(store);
  const steps: Step[] = [];
  let place: Place = { expected: 1, previous: genesis };
  for await (const found of readAudit(store)) {
    const [step, next] = await stepOf(found, place, keys, environment);
    steps.push(step);
    place = next;
  }
  const unsure = keys ? unbelieved(steps) : new Map<Step, string>();
  const problems = steps.flatMap((step) => {
    const message = unsure.get(step);
    return [...step.problems, ...(message ? [{ entry: step.key, message }] : [])];
  });
  problems.push(...gap(place.expected, marked + 1));
  return {
    ok: problems.length === 0,
    entries: steps.filter(({ key }) => sequenceOf(key) !== undefined).length,
    proved: steps.filter(({ proof }) => proof === 'proved').length,
    problems,
  };
};

/** The failure `audit.broken` naming the first entry that is wrong; undefined where the trail is whole. */
export const auditProblem = ({ problems: [first] }: AuditReport): BackupError | undefined =>
  first && new BackupError('audit.broken', `${first.entry} ${first.message}`);
