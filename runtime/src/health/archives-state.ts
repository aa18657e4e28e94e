import { isRegular, isVerified, newestOf, sizeRatio, verifiedAt } from '../archives/facts.ts';
import { latestOf, secondsSince } from '../core/times.ts';
import { parseDuration } from '../core/units.ts';
import type { AnomalyPolicy } from './anomaly/policy.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { anomaliesOf } from './anomalies.ts';
import { archiveReader, type KnownArchive, type KnownArchives, type OpenIndex } from '../archives/known.ts';

/** Archives of a target in the primary store, and what follows from them at some time. */
export interface ArchivesState extends KnownArchives {
  readonly target: Target;
  /** The newest backup. Absent where there is none, as is all that follows from it. */
  readonly newest?: KnownArchive | undefined;
  /** What a loss now would lose: time since the newest backup began. */
  readonly ageSeconds?: number | undefined;
  /** False where there is no backup, or it is older than the RPO. */
  readonly withinRpo: boolean;
  /** Size of the newest backup over the median of the seven before it; absent for the first. */
  readonly sizeRatio?: number | undefined;
  /** When an archive last passed a verification or a drill. */
  readonly verifiedAt?: string | undefined;
  /** The newest backup that was found good. */
  readonly newestVerified?: KnownArchive | undefined;
  /** What is unusual about the newest backup, and which objectives are likely to be missed: a sentence for each. */
  readonly anomalies: readonly string[];
}

/** What follows from the archives of a target. Pure. */
export const archivesState = (
  policy: AnomalyPolicy,
  target: Target,
  known: KnownArchives,
  now: Date,
): ArchivesState => {
  const backups = known.archives.filter(({ manifest }) => isRegular(manifest));
  const newest = newestOf(backups);
  const ageSeconds = newest && secondsSince(newest.manifest.startedAt, now);
  const manifests = backups.map(({ manifest }) => manifest);
  return {
    ...known,
    target,
    newest,
    ageSeconds,
    withinRpo: ageSeconds !== undefined && ageSeconds <= parseDuration(target.rpo),
    sizeRatio: sizeRatio(manifests),
    verifiedAt: latestOf(manifests.map(verifiedAt).filter((time) => time !== undefined)),
    newestVerified: backups.findLast(({ manifest }) => isVerified(manifest)),
    anomalies: anomaliesOf(
      policy,
      target,
      known.archives.map(({ manifest }) => manifest),
    ),
  };
};

export type ReadArchivesState = (target: Target, now: Date, index?: OpenIndex) => Promise<ArchivesState>;

/** Reads the archives of targets from the primary store; what is read again costs what is new. */
export const archivesStateReader = (app: App): ReadArchivesState => {
  const { read } = archiveReader(app, app.stores.primary);
  return async (target, now, index) =>
    archivesState(app.plan.anomalies, target, await read(target.name, now, index), now);
};
