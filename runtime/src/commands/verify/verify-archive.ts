import type { Believed } from '../../archives/authentic.ts';
import { writeManifest, type Archive } from '../../archives/catalogue.ts';
import { isParted, type Verification } from '../../archives/manifest.ts';
import { wholeBytes } from '../../archives/parts/keys.ts';
import { lacking, lackText, storedParts } from '../../archives/parts/stored.ts';
import { exitCodes } from '../../contract/exit-codes.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { parseDuration } from '../../core/units.ts';
import type { Target } from '../../plan/schema.ts';
import { openSecretSource, openSource, type App } from '../../session/app.ts';
import { believeNamed, readThrough } from '../../archives/read.ts';
import { restorable } from '../../archives/restorable.ts';
import { tryRestore } from '../../archives/scratch-restore.ts';
import type { VerifyLevel } from '../../contract/verify-levels.ts';
import type { Verified } from './result.ts';
import { tried } from './tried.ts';

/** A drill that ended with equal data. */
interface Drilled {
  readonly seconds: number;
  readonly notes: readonly string[];
}

/** Verification entries that a manifest keeps. @default 20 - three weeks of daily runs */
const historyLength = 20;

const checkSize = async ({ store, key, manifest }: Believed): Promise<void> => {
  const found = await store.head(key);
  if (!found) throw new BackupError('archive.truncated', `archive ${key} is gone, only its manifest is left`);
  if (found.bytes < manifest.archiveBytes)
    throw new BackupError(
      'archive.truncated',
      `archive has ${found.bytes} of ${manifest.archiveBytes} bytes`,
    );
  if (found.bytes > manifest.archiveBytes)
    throw new BackupError(
      'archive.damaged',
      `archive has ${found.bytes} bytes, ${manifest.archiveBytes} were written`,
    );
};

/** @throws BackupError `archive.damaged`, naming a part that is gone or of another size */
const checkParts = async ({ store, manifest }: Believed): Promise<void> => {
  if (!isParted(manifest)) return;
  const stored = await storedParts(store, manifest.target);
  const [first] = lacking(manifest, stored);
  if (first) throw new BackupError('archive.damaged', lackText(manifest, first, stored));
};

/** The account that restores in earnest; where its Secret is not at hand, a drill does without. */
const accountOf = (app: App, target: Target): Promise<string | undefined> =>
  openSource(app.run, target).then(
    ({ credentials }) => credentials['username'],
    () => undefined,
  );

const drill = async (app: App, target: Target, archive: Believed): Promise<Drilled> => {
  const { drill: server } = target;
  const named = server && (() => openSecretSource(app.run, target, server));
  const account = await accountOf(app, target);
  const { restored, seconds } = await tryRestore(app, restorable(app, archive), named, { account });
  return { seconds, notes: restored.notes ?? [] };
};

/** Proves an archive at a level above quick; resolves to what a drill found. */
const prove = async (
  app: App,
  target: Target,
  archive: Believed,
  level: VerifyLevel,
): Promise<Drilled | undefined> => {
  if (level === 'drill') return drill(app, target, archive);
  await readThrough(app, archive);
  return undefined;
};

const remember = async (app: App, archive: Believed, entry: Verification): Promise<void> => {
  const { manifest } = archive;
  const verifications = [...manifest.verifications, entry].slice(-historyLength);
  await writeManifest(archive.store, archive.key, { ...manifest, verifications }, app.keys, {
    replace: true,
  });
};

/** Failures that say something about the archive, not about a store, a server that was away, or the rights of an account. */
const isOfArchive = ({ code, exitCode }: BackupError): boolean =>
  exitCode === exitCodes.damaged || (exitCode === exitCodes.restore && code !== 'restore.refused');

const inspectArchive = async (
  app: App,
  target: Target,
  named: Archive,
  level: VerifyLevel,
): Promise<Drilled | undefined> => {
  const archive = await believeNamed(app, named, target.name);
  await checkSize(archive);
  await checkParts(archive);
  if (level === 'quick') return undefined;
  const at = app.run.now().toISOString();
  try {
    const drilled = await prove(app, target, archive, level);
    await remember(app, archive, {
      at,
      level,
      ok: true,
      ...(drilled && { seconds: drilled.seconds }),
    });
    return drilled;
  } catch (error) {
    if (isBackupError(error) && isOfArchive(error))
      await remember(app, archive, { at, level, ok: false, problem: error.code });
    throw error;
  }
};

/** A duration against the RTO of the target. */
export const againstRto = (seconds: number, target: Target): NonNullable<Verified['restore']> => {
  const rtoSeconds = parseDuration(target.rto);
  return { seconds, rtoSeconds, withinRto: seconds <= rtoSeconds };
};

const outcomeOf = ({ seconds, notes }: Drilled, target: Target): Pick<Verified, 'restore' | 'notes'> => ({
  restore: againstRto(seconds, target),
  ...(notes.length > 0 && { notes }),
});

/** Verifies one archive and remembers the outcome in its manifest; throws only when the run is stopped. */
export const verifyArchive = (
  app: App,
  target: Target,
  archive: Archive,
  level: VerifyLevel,
): Promise<Verified> => {
  const { manifest } = archive.signed;
  const about = {
    target: target.name,
    store: archive.store.location,
    archive: archive.key,
    tier: manifest.tier,
    level,
    startedAt: manifest.startedAt,
    archiveBytes: wholeBytes(manifest),
  };
  return tried(app, about, async () => {
    const drilled = await inspectArchive(app, target, archive, level);
    return drilled && outcomeOf(drilled, target);
  });
};
