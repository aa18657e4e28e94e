import type { BrokenArchive } from '../archives/catalogue.ts';
import {
  drillsOf,
  isRegular,
  isVerified,
  newestOf,
  sizeRatio,
  verifiedAt,
  type ManifestFacts,
} from '../archives/facts.ts';
import type { Verification } from '../archives/manifest.ts';
import { latestOf } from '../core/times.ts';
import type { AnomalyPolicy } from './anomaly/policy.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { anomaliesOf } from './anomalies.ts';
import { derivedOfArchives } from './derived-of-archives.ts';
import type { KnownArchive, KnownArchives, OpenIndex } from '../archives/known.ts';

/** An archive as it is remembered: a store may have hundreds of thousands. */
export interface CountedArchive {
  readonly key: string;
  readonly manifest: Pick<ManifestFacts, 'id' | 'tier' | 'startedAt' | 'archiveBytes'>;
  readonly verified: boolean;
}

const counted = ({ key, manifest }: KnownArchive): CountedArchive => {
  const { id, tier, startedAt, archiveBytes } = manifest;
  return { key, manifest: { id, tier, startedAt, archiveBytes }, verified: isVerified(manifest) };
};

/** Archives of a target in the primary store, and what follows from them. */
export interface ArchivesState {
  readonly target: Target;
  /** Those that count, oldest first. */
  readonly archives: readonly CountedArchive[];
  /** Those that do not, and why. */
  readonly setAside: readonly BrokenArchive[];
  /** Of all objects that the store lists with their size. */
  readonly storedBytes: number;
  /** Drills that the archives remember. */
  readonly drilled: readonly Verification[];
  /** The newest backup. Absent where there is none, as is all that follows from it. */
  readonly newest?: KnownArchive | undefined;
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
export const archivesState = (policy: AnomalyPolicy, target: Target, known: KnownArchives): ArchivesState => {
  const backups = known.archives.filter(({ manifest }) => isRegular(manifest));
  const manifests = backups.map(({ manifest }) => manifest);
  const all = known.archives.map(({ manifest }) => manifest);
  return {
    target,
    archives: known.archives.map(counted),
    setAside: known.setAside,
    storedBytes: known.objects.reduce((sum, { bytes }) => sum + bytes, 0),
    drilled: drillsOf(all),
    newest: newestOf(backups),
    sizeRatio: sizeRatio(manifests),
    verifiedAt: latestOf(manifests.map(verifiedAt).filter((time) => time !== undefined)),
    newestVerified: backups.findLast(({ manifest }) => isVerified(manifest)),
    anomalies: anomaliesOf(policy, target, all),
  };
};

export type ReadArchivesState = (target: Target, now: Date, index?: OpenIndex) => Promise<ArchivesState>;

/** Reads the archives of targets from the primary store, again where the listing of a target changed. */
export const archivesStateReader = (app: App): ReadArchivesState => {
  const readKnown = derivedOfArchives<ArchivesState>(app, app.stores.primary);
  return (target, now, index) => {
    const derive = (known: KnownArchives) => archivesState(app.plan.anomalies, target, known);
    return readKnown(target.name, now, derive, index);
  };
};
