import type { Believed } from '../catalog/believed.ts';
import { writeManifest, type Archive } from '../catalog/catalog.ts';
import type { Verification } from '../catalog/manifest.ts';
import { exitCodes, type ExitCode } from '../contract/exit-codes.ts';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import type { Target } from '../plan/schema.ts';
import { openSecretSource, type App } from './app.ts';
import { believeNamed, readThrough } from './read-archive.ts';
import { tryRestore } from './trial.ts';
import type { VerifyLevel } from './verify-levels.ts';

/** Outcome for one archive in one store. */
export interface Verified {
  readonly target: string;
  readonly store: string;
  readonly archive: string;
  readonly tier: string;
  readonly level: VerifyLevel;
  readonly startedAt?: string;
  readonly archiveBytes?: number;
  readonly seconds: number;
  readonly ok: boolean;
  /** Of a drill that passed: the restore alone, against the target's RTO. */
  readonly restore?: { readonly seconds: number; readonly rtoSeconds: number; readonly withinRto: boolean };
  readonly problem?: { readonly code: FailureCode | 'unexpected'; readonly message: string };
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

const drill = async (app: App, target: Target, archive: Believed): Promise<number> => {
  const named = target.drill && (() => openSecretSource(app.run, target, target.drill!));
  return (await tryRestore(app, archive, named)).seconds;
};

/** Proves an archive at a level above quick; resolves to the seconds that a drill's restore took. */
const prove = async (
  app: App,
  target: Target,
  archive: Believed,
  level: VerifyLevel,
): Promise<number | undefined> => {
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

/** Failures that say something about the archive, not about a store or a server that was away. */
const ofArchive: readonly ExitCode[] = [exitCodes.damaged, exitCodes.restore];

const inspectArchive = async (
  app: App,
  target: Target,
  named: Archive,
  level: VerifyLevel,
): Promise<number | undefined> => {
  const archive = await believeNamed(app, named, target.name);
  await checkSize(archive);
  if (level === 'quick') return undefined;
  const at = app.run.now().toISOString();
  try {
    const seconds = await prove(app, target, archive, level);
    await remember(app, archive, {
      at,
      level,
      ok: true,
      ...(seconds !== undefined && { seconds }),
    });
    return seconds;
  } catch (error) {
    if (isBackupError(error) && ofArchive.includes(error.exitCode))
      await remember(app, archive, { at, level, ok: false, problem: error.code });
    throw error;
  }
};

/** Why an archive did not pass. */
export const problemOf = (error: unknown): NonNullable<Verified['problem']> => ({
  code: isBackupError(error) ? error.code : 'unexpected',
  message: messageOf(error),
});

const againstRto = (seconds: number, target: Target): NonNullable<Verified['restore']> => {
  const rtoSeconds = parseDuration(target.rto);
  return { seconds, rtoSeconds, withinRto: seconds <= rtoSeconds };
};

/** Verifies one archive and remembers the outcome in its manifest; throws only when the run is stopped. */
export const verifyArchive = async (
  app: App,
  target: Target,
  archive: Archive,
  level: VerifyLevel,
): Promise<Verified> => {
  const { manifest } = archive.signed;
  const begun = app.run.now().getTime();
  const outcome = await inspectArchive(app, target, archive, level).then(
    (seconds) => ({ ok: true, ...(seconds !== undefined && { restore: againstRto(seconds, target) }) }),
    (error: unknown) => {
      if (app.run.signal.aborted) throw error;
      return { ok: false, problem: problemOf(error) };
    },
  );
  return {
    target: target.name,
    store: archive.store.location,
    archive: archive.key,
    tier: manifest.tier,
    level,
    startedAt: manifest.startedAt,
    archiveBytes: manifest.archiveBytes,
    seconds: (app.run.now().getTime() - begun) / 1000,
    ...outcome,
  };
};
