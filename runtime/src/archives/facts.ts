import { median } from '../core/median.ts';
import { latestOf } from '../core/times.ts';
import { tiers, type Tier } from './layout.ts';
import type { Manifest, Verification } from './manifest.ts';
import { addedBytes, wholeBytes } from './parts/keys.ts';

/** What decisions need of a manifest: not what grows with the archive, nor what only opening it needs. */
export interface ManifestFacts extends Pick<
  Manifest,
  | 'id'
  | 'tier'
  | 'server'
  | 'startedAt'
  | 'finishedAt'
  | 'sourceBytes'
  | 'archiveBytes'
  | 'compression'
  | 'verifications'
> {
  /** Key that sealed it; null in the clear. */
  readonly encryption: { readonly keyId: string } | null;
  /** Its own file, and the parts that were stored for it: what it added to the store. `archiveBytes` are all that it needs. */
  readonly addedBytes: number;
  /** Of the whole file. */
  readonly sha256: string;
  /** Empty where it is of no use: for all but the newest archive, and those that it is compared with. */
  readonly fingerprint: Manifest['fingerprint'];
}

export const factsOf = (manifest: Manifest): ManifestFacts => {
  const { id, tier, server, startedAt, finishedAt, sourceBytes } = manifest;
  const { compression, verifications, encryption, seal, fingerprint } = manifest;
  return {
    id,
    tier,
    server,
    startedAt,
    finishedAt,
    sourceBytes,
    archiveBytes: wholeBytes(manifest),
    addedBytes: addedBytes(manifest),
    compression,
    verifications,
    encryption: encryption && { keyId: encryption.keyId },
    sha256: seal.sha256,
    fingerprint,
  };
};

interface Tiered {
  readonly tier: Tier;
}

type Verified = Pick<Manifest, 'verifications'>;

/** An archive by what its manifest says. */
interface Described<T> {
  readonly manifest: T;
}

/** False for what a restore saved before it replaced it: that is none of a target's backups. */
export const isRegular = ({ tier }: Tiered): boolean => tier !== 'safety';

/** One per backup; weekly and monthly archives are copies of daily ones. */
export const isDaily = ({ tier }: Tiered): boolean => tier === 'daily';

/** By time; the daily archive after the copies made of it, so that it is the newest. */
export const oldestFirst = (
  a: Pick<Manifest, 'startedAt' | 'tier'>,
  b: Pick<Manifest, 'startedAt' | 'tier'>,
): number => {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return tiers.indexOf(b.tier) - tiers.indexOf(a.tier);
};

/** The newest of a target's backups, in whatever tier. @param archives oldest first */
export const newestOf = <T extends Described<Tiered>>(archives: readonly T[]): T | undefined =>
  archives.findLast(({ manifest }) => isRegular(manifest));

/** The newest archive of a scheduled backup, in the folder of its target: what the alias names. @param archives oldest first */
export const newestDaily = <T extends Described<Tiered>>(archives: readonly T[]): T | undefined =>
  archives.findLast(({ manifest }) => isDaily(manifest));

/** Archives that a history looks back on. @default 30 - a month of daily ones */
export const longestHistory = 30;

/** Daily archives, one per backup, oldest first: the newest, and those that it is compared with. */
export const historyOf = <T extends Pick<Manifest, 'startedAt' | 'tier'>>(
  manifests: readonly T[],
): readonly T[] =>
  manifests
    .filter(isDaily)
    .toSorted(oldestFirst)
    .slice(-longestHistory - 1);

/** The newest archives of different backups: a weekly copy of a daily one proves nothing more. @param archives oldest first */
export const newestBackups = <T extends Described<Pick<Manifest, 'tier' | 'id'>>>(
  archives: readonly T[],
  count: number,
): readonly T[] => {
  const regular = archives.filter(({ manifest }) => isRegular(manifest));
  const newestById = new Map(regular.map((archive) => [archive.manifest.id, archive]));
  return regular.filter((archive) => newestById.get(archive.manifest.id) === archive).slice(-count);
};

/** True where a deep verification or a drill succeeded, whatever later ones found: those count as problems of their own. */
export const isVerified = ({ verifications }: Verified): boolean => verifications.some(({ ok }) => ok);

/** Time of the latest verification that succeeded. */
export const verifiedAt = ({ verifications }: Verified): string | undefined =>
  latestOf(verifications.filter(({ ok }) => ok).map(({ at }) => at));

/** Drills that archives remember, in no order. */
export const drillsOf = (manifests: readonly Verified[]): readonly Verification[] =>
  manifests.flatMap(({ verifications }) => verifications.filter(({ level }) => level === 'drill'));

/** Archives that the size of the newest one is compared with. @default 7 - a week of nights */
const trendLength = 7;

/**
 * Size of the newest daily archive over the median of the seven before it; undefined without one before it, and where they
 * have no bytes. @param manifests oldest first
 */
export const sizeRatio = (
  manifests: readonly Pick<Manifest, 'tier' | 'archiveBytes'>[],
): number | undefined => {
  const sizes = manifests.filter(isDaily).map(({ archiveBytes }) => archiveBytes);
  const [newest, before] = [sizes.at(-1), sizes.slice(-1 - trendLength, -1)];
  const usual = before.length > 0 ? median(before) : 0;
  return newest === undefined || usual === 0 ? undefined : newest / usual;
};
