import { historyOf } from '../../archives/facts.ts';
import { dayMs, formatBytes } from '../../core/units.ts';
import { minimumHistory } from './policy.ts';
import { intervalDays, type Measured } from './compared.ts';
import { decideRetention, tiersDue, type Candidate, type RetentionPolicy } from '../../retention/decision.ts';
import { outlookOf, quantileOf } from './tail.ts';

/** Archives of a target in a store, and how long they stay there. */
export interface Kept {
  readonly archives: readonly (Pick<Measured, 'id' | 'tier' | 'startedAt' | 'archiveBytes'> & {
    readonly key: string;
    readonly verified: boolean;
  })[];
  readonly policy: RetentionPolicy;
}

type Sized = Pick<Measured, 'archiveBytes'>;

interface Stored extends Candidate {
  /** Copies of one backup share it, and on a folder its bytes. */
  readonly id: string;
  readonly bytes: number;
}

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
  if (history.length < minimumHistory) return { usual: same, large: same };
  const outlook = outlookOf(history.map(({ archiveBytes }) => archiveBytes));
  const slope = Math.min(mostSlope, Math.max(0, outlook.slope));
  const bounded = { ...outlook, usual: (ahead: number) => outlook.usual(0) + slope * ahead };
  return {
    usual: (ahead) => Math.expm1(bounded.usual(ahead)),
    large: (ahead) => quantileOf(bounded, fittingShare, ahead),
  };
};

const bytesOf = (archives: readonly Stored[]): number =>
  [...new Map(archives.map(({ id, bytes }) => [id, bytes])).values()].reduce((sum, bytes) => sum + bytes, 0);

const nextArchives = (
  archives: readonly Stored[],
  policy: RetentionPolicy,
  time: Date,
  bytes: number,
): readonly Stored[] => {
  const [id, common] = [time.toISOString(), { startedAt: time, verified: true, bytes }];
  const tiers = ['daily', ...tiersDue(archives, policy, time)] as const;
  const all = [...archives, ...tiers.map((tier) => ({ ...common, id, tier, key: `${tier}/${id}` }))];
  const kept = new Set(decideRetention(all, policy, time).flatMap(({ key, keep }) => (keep ? [key] : [])));
  return all.filter(({ key }) => kept.has(key));
};

/**
 * Bytes of a target's archives, more than now, at the end of each of the coming days: plays its coming backups and its
 * retention. Archives are as large as their trend says, and the last of each day as large as one of twenty is: it must fit
 * too. Pure.
 */
export const growthByDay = ({ archives, policy }: Kept, now: Date, days: number): readonly number[] => {
  const history = historyOf(archives);
  const newest = history.at(-1);
  if (!newest) return Array.from({ length: days }, () => 0);
  const [next, interval] = [nextBytesOf(history, newest), intervalDays(history)];
  let stored: readonly Stored[] = archives.map(({ archiveBytes, startedAt, ...rest }) => ({
    key: rest.key,
    id: rest.id,
    tier: rest.tier,
    verified: rest.verified,
    bytes: archiveBytes,
    startedAt: new Date(startedAt),
  }));
  const before = bytesOf(stored);
  let runs = 0;
  return Array.from({ length: days }, (_, day) => {
    while ((runs + 1) * interval <= day + 1) {
      runs++;
      const time = new Date(now.getTime() + runs * interval * dayMs);
      stored = nextArchives(stored, policy, time, next.usual(runs));
    }
    const room = runs === 0 ? 0 : Math.max(0, next.large(runs) - next.usual(runs));
    return bytesOf(stored) - before + room;
  });
};

/** When a store is full. */
export interface Forecast {
  /** Whole days from now. */
  readonly days: number;
  readonly bytesPerDay: number;
}

/** When growth, by day and target, fills the free space of a store; undefined where it does not. Pure. */
export const fullAfter = (
  growths: readonly (readonly number[])[],
  freeBytes: number,
  days: number,
): Forecast | undefined => {
  const byDay = Array.from({ length: days }, (_, day) =>
    growths.reduce((sum, each) => sum + (each[day] ?? 0), 0),
  );
  const full = byDay.findIndex((bytes) => bytes > freeBytes);
  const bytes = byDay[full];
  return bytes === undefined ? undefined : { days: full + 1, bytesPerDay: bytes / (full + 1) };
};

/** Whether a store will be full within some days, as a sentence with figures; undefined where it will not. */
export const forecastSpace = (
  targets: readonly Kept[],
  store: { readonly location: string; readonly freeBytes: number },
  now: Date,
  days: number,
): string | undefined => {
  const growths = targets.map((target) => growthByDay(target, now, days));
  const full = fullAfter(growths, store.freeBytes, days);
  return (
    full &&
    `${store.location} will be full in ${full.days} days: ${formatBytes(store.freeBytes)} free, archives grow by ${formatBytes(full.bytesPerDay)} a day`
  );
};
