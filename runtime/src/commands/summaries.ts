import { nameOf } from '../cluster/scale.ts';
import { BackupError } from '../core/errors.ts';
import type { BackupResult } from './backup/backup.ts';
import type { Checked } from './check/check.ts';
import type { Summary } from '../runs/recorded-run.ts';
import type { Pruned } from '../retention/application.ts';
import type { Rekeyed } from './rekey/rekey.ts';
import type { RestoreResult } from './restore/restore.ts';
import type { Verified } from './verify/verify-archive.ts';

export const backupSummary = (result: BackupResult): Summary => {
  const { store, archive, sourceBytes, archiveBytes, seconds, copies, replicated, pruned, warnings } = result;
  const counts = {
    copies: copies.length,
    replicated: Object.values(replicated).flat().length,
    pruned: pruned.length,
  };
  return { figures: { store, archive, sourceBytes, archiveBytes, seconds, ...counts }, warnings };
};

export const restoreSummary = (result: RestoreResult): Summary => {
  const { store, archive, mode, into, archiveBytes, sourceBytes, seconds, equal, kept, safetyArchive } =
    result;
  const { fromTarget, fromEnvironment } = result;
  const services = result.services?.map(nameOf).join(', ');
  return {
    figures: {
      ...{ store, archive, mode, into, archiveBytes, sourceBytes },
      ...(fromTarget !== undefined && { fromTarget }),
      ...(fromEnvironment !== undefined && { fromEnvironment }),
      ...(seconds !== undefined && { seconds }),
      ...(equal !== undefined && { equal }),
      ...(kept !== undefined && { kept }),
      ...(safetyArchive !== undefined && { safetyArchive }),
      ...(services && { services }),
    },
    warnings: [...(result.notes ?? []), ...(result.accepted ?? []).map((each) => `accepted: ${each}`)],
  };
};

export const verifySummary = (results: readonly Verified[]): Summary => {
  const failed = results.filter(({ ok }) => !ok);
  const newest = results.findLast(({ level }) => level !== 'quick') ?? results.at(-1);
  const seconds = results.reduce((sum, result) => sum + result.seconds, 0);
  return {
    figures: {
      archives: results.length,
      failed: failed.length,
      seconds,
      ...(newest && { archive: newest.archive }),
      ...(newest?.restore && { restoreSeconds: newest.restore.seconds, equal: true }),
    },
    problem:
      failed.length === 0
        ? undefined
        : new BackupError(
            'verification.failed',
            `${failed.length} of ${results.length} archives did not pass: ${failed[0]!.archive} ${failed[0]!.problem?.message}`,
          ),
    warnings: results.flatMap(({ archive, restore, notes = [] }) => [
      ...(restore && !restore.withinRto
        ? [`restoring ${archive} took ${Math.round(restore.seconds)} s, the RTO is ${restore.rtoSeconds} s`]
        : []),
      ...notes.map((note) => `${archive}: ${note}`),
    ]),
  };
};

export const pruneSummary = (decisions: readonly Pruned[]): Summary => {
  const removed = decisions.filter(({ keep }) => !keep);
  return { figures: { kept: decisions.length - removed.length, removed: removed.length } };
};

/** What keeps a rekey from being complete; undefined where nothing does. */
export const rekeyProblem = (moved: readonly Rekeyed[]): BackupError | undefined => {
  const failed = moved.filter((each) => each.failed);
  const [first] = failed;
  return (
    first &&
    new BackupError(
      'archive.damaged',
      `${failed.length} archives could not be rewritten, first ${first.from}: ${first.failed}`,
    )
  );
};

export const rekeySummary = (moved: readonly Rekeyed[]): Summary => ({
  figures: {
    rekeyed: moved.filter(({ failed }) => !failed).length,
    kept: moved.filter(({ kept }) => kept).length,
  },
  problem: rekeyProblem(moved),
});

export const checkSummary = (findings: readonly Checked[]): Summary => {
  const left = findings.filter(({ severity, repaired }) => severity === 'problem' && !repaired);
  return {
    figures: {
      found: findings.length,
      repaired: findings.filter(({ repaired }) => repaired).length,
      problems: left.length,
    },
    problem:
      left.length === 0
        ? undefined
        : new BackupError(
            'check.failed',
            `${left.length} problems remain, first ${left[0]!.kind} ${left[0]!.key}`,
          ),
  };
};
