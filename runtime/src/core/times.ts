/** Begin and end of something, as ISO times: of a dump, in a manifest, or of a run, in its record. */
export interface Span {
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** How long it took; 0 where the clock was set back meanwhile. */
export const secondsTaken = ({ startedAt, finishedAt }: Span): number =>
  Math.max(0, Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** How long ago a time is, with fractions; 0 for one ahead of this clock. */
export const secondsSince = (iso: string, now: Date): number =>
  Math.max(0, now.getTime() - Date.parse(iso)) / 1000;

/** ISO time → Unix time in seconds. */
export const unixSeconds = (iso: string | undefined): number | undefined =>
  iso === undefined ? undefined : Date.parse(iso) / 1000;

/** The latest of some ISO times in UTC, whose order is that of their text. */
export const latestOf = (times: readonly string[]): string | undefined => times.toSorted().at(-1);

/** `2026-11-28`, `2026-11-28 03:14`, `2026-11-28T03:14:00.5Z`, `… 03:14:00+01:00`; UTC where no zone is named. */
const timePattern =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d(?:\.\d{1,6})?))?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/;

/** A time as people write it; undefined for what is none. */
export const parseTime = (text: string): Date | undefined => {
  const [, day, minute = '00:00', second = '00', zone = 'Z'] = timePattern.exec(text) ?? [];
  if (day === undefined) return undefined;
  const time = new Date(`${day}T${minute}:${second}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
};
