import type { LogReader } from '../../engine-log.ts';

/** A file of the log, as PostgreSQL asks for it. */
export type Wanted = { readonly timeline: number; readonly segment: bigint } | { readonly history: number };

/** What a file's name asks for: `0000000100000000000000A3`, `00000002.history`; undefined for another one. */
export const parseWanted = (name: string, segmentBytes: number): Wanted | undefined => {
  const history = /^([0-9A-F]{8})\.history$/.exec(name)?.[1];
  if (history !== undefined) return { history: Number.parseInt(history, 16) };
  const [, timeline, high, low] = /^([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})$/.exec(name) ?? [];
  if (timeline === undefined) return undefined;
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes);
  return {
    timeline: Number.parseInt(timeline, 16),
    segment: BigInt(`0x${high}`) * perHigh + BigInt(`0x${low}`),
  };
};

/** Name of a file of the log. */
export const segmentName = (timeline: number, segment: bigint, segmentBytes: number): string => {
  const perHigh = 0x1_0000_0000n / BigInt(segmentBytes);
  const parts = [BigInt(timeline), segment / perHigh, segment % perHigh];
  return parts.map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('');
};

/**
 * The timeline under which a segment is handed out: the last one that begins before its end, as the server that was promoted
 * copied the beginning of that segment from the timeline before. Undefined for one beyond the stored log.
 */
export const timelineOf = (
  { timelines, end }: Pick<LogReader, 'timelines' | 'end'>,
  segment: bigint,
  segmentBytes: number,
): number | undefined => {
  const [from, to] = [segment * BigInt(segmentBytes), (segment + 1n) * BigInt(segmentBytes)];
  if (from >= end) return undefined;
  return timelines.findLast((each) => each.from < to)?.timeline;
};
