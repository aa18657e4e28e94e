import { believeNamed, readEntries } from '../../archives/read.ts';
import type { Archive } from '../../archives/catalogue.ts';
import { isRegular } from '../../archives/facts.ts';
import { catalogOf } from '../../archives/of-target.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { AgreementWork, Comparison, DumpedInstant } from '../../engines/engine-agreement.ts';
import type { Source } from '../../engines/engine.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import type { WholeBase } from '../../wal/bases.ts';
import { recoverFrom } from '../../wal/recovered.ts';
import { candidatesOf, inputOf, inWords, seek, type Sought } from '../../wal/sought.ts';
import type { Verified } from './result.ts';

/** Archives that are tried until one is of an instant that the log has: reading one is as much as a deep verification. */
const mostTried = 3;

/** Differences that a message quotes. */
const quoted = 5;

/** Newest first: those that say of which instant they are. */
const candidates = async (
  app: App,
  { name }: Target,
  { entry }: AgreementWork,
): Promise<readonly Archive[]> => {
  const { archives } = await catalogOf(app, app.stores.primary, name);
  return archives
    .filter(
      ({ signed: { manifest } }) =>
        isRegular(manifest) && manifest.entries.some((each) => each.name === entry),
    )
    .toReversed()
    .slice(0, mostTried);
};

interface Comparing {
  readonly app: App;
  readonly target: Target;
  readonly agreement: AgreementWork;
  readonly source: Source;
}

/** The base and the point of the log that have the very data of the dump, or why there are none. */
const place = async (
  { app, target, agreement }: Comparing,
  dumped: DumpedInstant,
): Promise<{ readonly base: WholeBase; readonly sought: Sought } | { readonly none: string }> => {
  const at = { position: seek(app, target, 'latest').log.formatPosition(dumped.position) };
  const sought = seek(app, target, at);
  const base = mustExist((await candidatesOf(app, sought))[0], 'base');
  const { log, facts, server } = await inputOf(app, sought, base);
  const point = await agreement.find(app.run, { log, facts, server }, dumped);
  return 'none' in point ? point : { base, sought: { ...sought, until: point.until } };
};

const compareAt = async (
  { app, agreement, source }: Comparing,
  dumped: DumpedInstant,
  { base, sought }: { readonly base: WholeBase; readonly sought: Sought },
): Promise<Comparison> => {
  const recovered = await recoverFrom(app, sought, source, base);
  try {
    return await agreement.compare(app.run, recovered.source, dumped);
  } finally {
    await recovered.stop();
  }
};

/** @throws BackupError restore.mismatch */
const assertAgrees = (archive: Archive, at: string, { differences }: Comparison): void => {
  if (differences.length === 0) return;
  const more = differences.length > quoted ? `; and ${differences.length - quoted} more` : '';
  throw new BackupError(
    'restore.mismatch',
    `${archive.key} and the log, recovered to its instant (${at}), differ: ${differences.slice(0, quoted).join('; ')}${more}`,
  );
};

/** Instants before the oldest base, or beyond the end of the log, say nothing against either of them. */
const isOutside = (error: unknown): error is BackupError => isBackupError(error, 'log.unreached');

type Compared = Partial<Verified> | { readonly none: string };

const tryArchive = async (comparing: Comparing, archive: Archive): Promise<Compared> => {
  const { app, target, agreement } = comparing;
  const { manifest } = await believeNamed(app, archive, target.name);
  const entries = readEntries(app, { ...archive, manifest }, `compare ${target.name}`);
  const dumped = await agreement.read(app.run, entries, manifest.fingerprint);
  try {
    const found = await place(comparing, dumped);
    if ('none' in found) return found;
    const comparison = await compareAt(comparing, dumped, found);
    if (comparison.none !== undefined) return { none: comparison.none };
    const at = inWords(found.sought.until);
    assertAgrees(archive, at, comparison);
    const { notes } = comparison;
    return { instant: { at, agrees: true }, ok: true, ...(notes.length > 0 && { notes }) };
  } catch (error) {
    if (!isOutside(error)) throw error;
    return { none: error.message };
  }
};

/**
 * Recovers to the instant of the newest archive that is of one, and compares the two by content: two ways to the same data that know
 * nothing of each other. Where no archive's instant is exactly one of the log, that is said and nothing fails.
 * @throws BackupError restore.mismatch; as `restore --to`
 */
export const drillAgreement = async (
  app: App,
  target: Target,
  agreement: AgreementWork,
  source: Source,
): Promise<Partial<Verified>> => {
  const comparing = { app, target, agreement, source };
  const reasons: string[] = [];
  for (const archive of await candidates(app, target, agreement)) {
    const { key, store, signed } = archive;
    const found = await tryArchive(comparing, archive);
    const { startedAt, archiveBytes } = signed.manifest;
    if (!('none' in found)) return { ...found, archive: key, store: store.location, startedAt, archiveBytes };
    reasons.push(`${key}: ${found.none}`);
  }
  const why =
    reasons.length > 0 ? reasons.join('; ') : 'no archive says of which instant it is; the next backup does';
  return { ok: true, notes: [`no archive was compared with the log: ${why}`] };
};
