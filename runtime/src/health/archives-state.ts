import type { BrokenArchive } from '../archives/catalogue.ts';
import type { Followed } from '../archives/catalogue-index.ts';
import {
  drillsOf,
  isRegular,
  isVerified,
  newestOf,
  sizeRatio,
  verifiedAt,
  type ManifestFacts,
} from '../archives/facts.ts';
import { isSettled, type KnownArchive, type KnownArchives } from '../archives/known.ts';
import { isManifest, tiers, type Tier } from '../archives/layout.ts';
import type { Verification } from '../archives/manifest.ts';
import { bytesTogether } from '../archives/parts/space.ts';
import { BackupError, type FailureCode } from '../core/errors.ts';
import { sum } from '../core/sum.ts';
import { latestOf } from '../core/times.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Plan, Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { printOf } from '../store/print.ts';
import { anomaliesOf } from './anomalies.ts';
import { totalsOf } from './anomaly/counts.ts';
import { growthOf, type Growth } from './anomaly/space-forecast.ts';
import { changesReader } from './changes-reader.ts';
import { indexedOnce, type Indexed } from './indexed.ts';
import { whileSame } from './while-same.ts';

/** An archive as it is remembered: a store may have hundreds of thousands. */
export interface CountedArchive {
  readonly key: string;
  /** `archiveBytes` are those that it added to the store: of parts that archives share, the first has them. */
  readonly manifest: Pick<ManifestFacts, 'id' | 'tier' | 'startedAt' | 'archiveBytes' | 'sourceBytes'>;
  /** When it last passed a verification or a drill; absent where it never did. */
  readonly verifiedAt?: string | undefined;
}

const counted = ({ key, manifest }: KnownArchive): CountedArchive => {
  const { id, tier, startedAt, addedBytes: archiveBytes, sourceBytes } = manifest;
  const facts = { id, tier, startedAt, archiveBytes, sourceBytes };
  return { key, manifest: facts, verifiedAt: verifiedAt(manifest) };
};

/** The archives of a tier. */
export interface TierFacts {
  readonly archives: number;
  readonly bytes: number;
  /** Start of the newest, and of the oldest; absent where there is none. */
  readonly newest?: string | undefined;
  readonly oldest?: string | undefined;
}

/** A backup by what is told of it. */
export interface Backup {
  readonly key: string;
  readonly manifest: Omit<ManifestFacts, 'fingerprint'>;
  /** What it holds in all, by what is counted. */
  readonly totals: Readonly<Record<string, number>>;
}

/** What follows from the archives of a target in the primary store: no more for many than for few, as JSON, for its index. */
export interface ArchivesFacts {
  /** Archives that count, without what restores saved. */
  readonly backups: number;
  readonly tiers: Readonly<Record<Tier, TierFacts>>;
  /** `CountedArchive`s, oldest first, as one text, for its memory: few ask for them. */
  readonly counted: string;
  readonly setAside: readonly {
    readonly key: string;
    readonly code: FailureCode;
    readonly problem: string;
  }[];
  /** Of all objects that the store lists with their size. */
  readonly storedBytes: number;
  /** Of archives, each backup once: in a directory the copies of an archive are hard links. */
  readonly backupBytes: number;
  /** Drills that the archives remember. */
  readonly drilled: readonly Verification[];
  /** The newest backup. Absent where there is none, as is all that follows from it. */
  readonly newest?: Backup | undefined;
  /** Size of the newest backup over the median of the seven before it; absent for the first. */
  readonly sizeRatio?: number | undefined;
  /** When an archive last passed a verification or a drill. */
  readonly verifiedAt?: string | undefined;
  /** Start of the newest backup that was found good. */
  readonly verifiedPoint?: string | undefined;
  /** What is unusual about the newest backup, and which objectives are likely to be missed: a sentence for each. */
  readonly anomalies: readonly string[];
  /** How the archives will grow. */
  readonly growth?: Growth | undefined;
}

/** Archives that count, oldest first. */
export const archivesIn = ({ counted: text }: Pick<ArchivesFacts, 'counted'>): readonly CountedArchive[] =>
  JSON.parse(text) as CountedArchive[]; // as archivesFacts wrote it

/** What is known of the archives of a target. */
export interface ArchivesState extends Omit<ArchivesFacts, 'setAside'> {
  readonly target: Target;
  /** Those that do not count, and why. */
  readonly setAside: readonly Pick<BrokenArchive, 'key' | 'error'>[];
  /** Print of the listing that it follows from; undefined where it may follow no longer. */
  readonly print?: string | undefined;
}

/** @param archives oldest first */
const tierFacts = (archives: readonly KnownArchive[], tier: Tier): TierFacts => {
  const manifests = archives.map(({ manifest }) => manifest).filter((each) => each.tier === tier);
  return {
    archives: manifests.length,
    bytes: sum(manifests.map(({ archiveBytes }) => archiveBytes)),
    newest: manifests.at(-1)?.startedAt,
    oldest: manifests[0]?.startedAt,
  };
};

const backupOf = ({ key, manifest }: KnownArchive): Backup => {
  const { fingerprint: _, ...rest } = manifest;
  return { key, manifest: rest, totals: totalsOf(manifest) };
};

/** What follows from the archives of a target. Pure. */
export const archivesFacts = (
  plan: Pick<Plan, 'anomalies' | 'retention'>,
  target: Pick<Target, 'deadline' | 'rto' | 'retention'>,
  known: KnownArchives,
): ArchivesFacts => {
  const { archives, objects, setAside } = known;
  const backups = archives.filter(({ manifest }) => isRegular(manifest));
  const manifests = backups.map(({ manifest }) => manifest);
  const all = archives.map(({ manifest }) => manifest);
  const newest = newestOf(backups);
  return {
    backups: backups.length,
    tiers: Object.fromEntries(
      tiers.map((tier) => [tier, tierFacts(archives, tier)]),
    ) as ArchivesFacts['tiers'],
    counted: JSON.stringify(archives.map(counted)),
    setAside: setAside.map(({ key, error: { code, message } }) => ({ key, code, problem: message })),
    storedBytes: sum(objects.map(({ bytes }) => bytes)),
    backupBytes: bytesTogether(
      all.map(({ id, startedAt, archiveBytes: bytes, addedBytes }) => ({
        id,
        bytes,
        addedBytes,
        startedAt: new Date(startedAt),
      })),
    ),
    drilled: drillsOf(all),
    newest: newest && backupOf(newest),
    sizeRatio: sizeRatio(manifests),
    verifiedAt: latestOf(manifests.map(verifiedAt).filter((time) => time !== undefined)),
    verifiedPoint: manifests.findLast(isVerified)?.startedAt,
    anomalies: anomaliesOf(plan.anomalies, target, all),
    growth: growthOf(archives, retentionOf(plan, target)),
  };
};

export type ReadArchivesState = (target: Target, now: Date, indexed?: Indexed) => Promise<ArchivesState>;

/** Reads the archives of targets from the primary store, again where the listing of a target changed. */
export const archivesStateReader = (app: App): ReadArchivesState => {
  const { primary } = app.stores;
  const reader = changesReader(app, primary);
  const kept = whileSame<ArchivesFacts>();
  return async (target, now, indexed = indexedOnce(app, target)) => {
    const { name } = target;
    const { list, readListed, confirm } = reader();
    const listing = await list(name);
    const print = printOf(listing.objects, isManifest);
    const derive = async () => {
      const known = await readListed(name, listing, now, indexed.index);
      return { value: archivesFacts(app.plan, target, known), lasts: isSettled(known) };
    };
    const left = async () => {
      const { archives, decisive = [] } = (await indexed.derived()) ?? {};
      const isStill = archives?.print === print && (await confirm(name, listing, now, decisive));
      return isStill ? (archives as Followed<ArchivesFacts>) : undefined;
    };
    const facts = await kept(name, print, now, derive, left);
    const setAside = facts.setAside.map(({ key, code, problem }) => ({
      key,
      error: new BackupError(code, problem),
    }));
    return { ...facts, setAside, target, print };
  };
};
