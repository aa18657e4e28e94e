import { historyOf } from '../../archives/facts.ts';
import { bytesTogether, type Taken } from '../../archives/parts/space.ts';
import { median } from '../../core/median.ts';
import { sum } from '../../core/sum.ts';
import { dayMs, formatBytes } from '../../core/units.ts';
import { minimumHistory } from './policy.ts';
import { intervalDays, type Measured } from './compared.ts';
import type { KnownArchive } from '../../archives/known.ts';
import { candidateOf } from '../../retention/application.ts';
import { decideRetention, tiersDue, type Candidate, type RetentionPolicy } from '../../retention/decision.ts';
import { outlookOf, quantileOf } from './tail.ts';

/** Days that a forecast looks ahead. @default 90 - what `anomalies.forecastDays` may ask for at most */
export const horizonDays = 90;

/** An archive by what a forecast looks at. */
interface Archived {
  readonly key: string;
  readonly manifest: Pick<
    KnownArchive['manifest'],
    'id' | 'tier' | 'startedAt' | 'archiveBytes' | 'addedBytes' | 'verifications'
  >;
}

/** How the archives of a target grow from its newest backup on, under its retention. */
export interface Growth {
  /** Start of the newest backup. */
  readonly since: string;
  /** Days from one backup to the next. */
  readonly interval: number;
  /** Bytes more than now at the end of each day after it. */
  readonly byDay: readonly number[];
}

type Sized = Pick<Measured, 'archiveBytes'>;

type Stored = Candidate & Taken;

/** No archive is expected to be more than twice as large as the one before it. */
const mostSlope = Math.log(2);

/** Share of archives that the space has to do for. @default 0.95 - the volume is full at the first that does not fit */
const fittingShare = 0.95;

/** Bytes of the archive so many runs ahead: `usual` as the trend has it, `large` as one of twenty is. */
interface NextBytes {
  readonly usual: (ahead: number) => number;
  readonly large: (ahead: number) => number;
}

/** With few archives, as the newest. What shrinks may stop to, so it is taken as level. */
const nextBytesOf = (history: readonly Sized[], newest: Sized): NextBytes => {
  const same = () => newest.archiveBytes;
  const possible = (bytes: number): number => Math.min(Number.MAX_SAFE_INTEGER, bytes);
  if (history.length < minimumHistory) return { usual: same, large: same };
  const outlook = outlookOf(history.map(({ archiveBytes }) => archiveBytes));
  const slope = Math.min(mostSlope, Math.max(0, outlook.slope));
  const bounded = { ...outlook, usual: (ahead: number) => outlook.usual(0) + slope * ahead };
  return {
    usual: (ahead) => possible(Math.expm1(bounded.usual(ahead))),
    large: (ahead) => possible(quantileOf(bounded, fittingShare, ahead)),
  };
};

/** Backups whose new part is looked at. @default 7 - a week of nights */
const usualBackups = 7;

/** Share of an archive that is new; the rest are parts of those before it. @param history daily ones, oldest first */
const newShareOf = (history: readonly Pick<Archived['manifest'], 'archiveBytes' | 'addedBytes'>[]): number =>
  median(
    history
      .slice(-usualBackups)
      .map(({ archiveBytes, addedBytes }) => (archiveBytes === 0 ? 1 : addedBytes / archiveBytes)),
  );

const nextArchives = (
  archives: readonly Stored[],
  policy: RetentionPolicy,
  time: Date,
  space: Pick<Taken, 'bytes' | 'addedBytes'>,
): readonly Stored[] => {
  const [id, common] = [time.toISOString(), { startedAt: time, verified: true, ...space }];
  const tiers = ['daily', ...tiersDue(archives, policy, time)] as const;
  const all = [...archives, ...tiers.map((tier) => ({ ...common, id, tier, key: `${tier}/${id}` }))];
  const kept = new Set(decideRetention(all, policy, time).flatMap(({ key, keep }) => (keep ? [key] : [])));
  return all.filter(({ key, tier }) => kept.has(key) || tier === 'hourly'); // others come in their place
};

/** Whole days by which a forecast may begin later than the newest backup: the next one, where it is overdue, comes at once. */
const laterDays = (interval: number, elapsedDays: number): number =>
  Math.floor(Math.min(horizonDays, interval, Math.max(0, elapsedDays)));

/**
 * How a target's archives grow: plays its coming backups and its retention. Archives are as large as their trend says, and the
 * last of each day as large as one of twenty is: it must fit too. Pure; undefined without a backup.
 */
export const growthOf = (archives: readonly Archived[], policy: RetentionPolicy): Growth | undefined => {
  const history = historyOf(archives.map(({ manifest }) => manifest));
  const newest = history.at(-1);
  if (!newest) return undefined;
  const [next, interval, since] = [nextBytesOf(history, newest), intervalDays(history), newest.startedAt];
  let stored: readonly Stored[] = archives.map((archive) => ({
    ...candidateOf(archive),
    id: archive.manifest.id,
    bytes: archive.manifest.archiveBytes,
    addedBytes: archive.manifest.addedBytes,
  }));
  const before = bytesTogether(stored);
  const newShare = newShareOf(history);
  let runs = 0;
  const grownAfter = (days: number): number => {
    while ((runs + 1) * interval <= days) {
      runs++;
      const time = new Date(Date.parse(since) + runs * interval * dayMs);
      const bytes = next.usual(runs);
      stored = nextArchives(stored, policy, time, { bytes, addedBytes: bytes * newShare });
    }
    const room = runs === 0 ? 0 : Math.max(0, next.large(runs) - next.usual(runs)) * newShare;
    return Math.round(bytesTogether(stored) - before + room);
  };
  const days = horizonDays + laterDays(interval, Infinity);
  return { since, interval, byDay: Array.from({ length: days }, (_, day) => grownAfter(day + 1)) };
};

/** Bytes more than now at the end of each day of a forecast that begins at some time after the newest backup. Pure. */
export const comingGrowth = (growth: Growth | undefined, at: Date): readonly number[] => {
  if (!growth) return [];
  const later = laterDays(growth.interval, (at.getTime() - Date.parse(growth.since)) / dayMs);
  return growth.byDay.slice(later, later + horizonDays);
};

/** When a store is full. */
export interface Forecast {
  /** Whole days from now. */
  readonly days: number;
  readonly bytesPerDay: number;
}

/** The growth of targets together, by day. Pure. */
export const growthByDay = (growths: readonly (readonly number[])[], days = horizonDays): readonly number[] =>
  Array.from({ length: days }, (_, day) => sum(growths.map((each) => each[day] ?? 0)));

/** When growth, by day and target, fills the free space of a store; undefined where it does not. Pure. */
export const fullAfter = (
  growths: readonly (readonly number[])[],
  freeBytes: number,
  days: number,
): Forecast | undefined => {
  const byDay = growthByDay(growths, days);
  const full = byDay.findIndex((bytes) => bytes > freeBytes);
  const bytes = byDay[full];
  return bytes === undefined ? undefined : { days: full + 1, bytesPerDay: bytes / (full + 1) };
};

/** Whether a store will be full within some days, as a sentence with figures; undefined where it will not. */
export const forecastSpace = (
  growths: readonly (readonly number[])[],
  store: { readonly location: string; readonly freeBytes: number },
  days: number,
): string | undefined => {
  const full = fullAfter(growths, store.freeBytes, days);
  return (
    full &&
    `${store.location} will be full in ${full.days} days: ${formatBytes(store.freeBytes)} free, archives grow by ${formatBytes(full.bytesPerDay)} a day`
  );
};
