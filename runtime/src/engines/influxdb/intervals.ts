import { mustExist } from '../../core/must-exist.ts';
/** A time range that one or more shard groups cover, from `start` to `end` inclusive, in nanoseconds since 1970. */
export interface Interval {
  readonly start: bigint;
  readonly end: bigint;
  /** Points may come while the dump runs: it lies behind `asOf`. */
  readonly isOpen: boolean;
}

/** A shard group as servers tell it: RFC 3339, `end` excluded. */
export interface Group {
  readonly start: string;
  readonly end: string;
}

/** First and last time that InfluxDB stores (models/time.go: MinNanoTime, MaxNanoTime). */
export const earliest = -(2n ** 63n) + 2n;
export const latest = 2n ** 63n - 2n;

const perSecond = 1_000_000_000n;

/** `2025-01-06T00:00:00.5Z` → nanoseconds since 1970. */
export const nanoseconds = (text: string): bigint => {
  const [, seconds = '', fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z$/.exec(text) ?? [];
  return BigInt(Date.parse(`${seconds}Z`) / 1000) * perSecond + BigInt(fraction.padEnd(9, '0'));
};

/** Nanoseconds since 1970 → RFC 3339, with a fraction only where there is one. */
export const timeText = (time: bigint): string => {
  const rest = ((time % perSecond) + perSecond) % perSecond;
  const seconds = new Date(Number((time - rest) / perSecond) * 1000).toISOString().slice(0, 19);
  const fraction = rest === 0n ? '' : `.${`${rest}`.padStart(9, '0').replace(/0+$/, '')}`;
  return `${seconds}${fraction}Z`;
};

/** The last nanosecond that a count up to `asOf` includes: that of its millisecond. */
export const lastOf = (asOf: Date): bigint => BigInt(asOf.getTime() + 1) * 1_000_000n - 1n;

/** Within the bounds; 1.x tells times without their fraction, so the last group seems to end before the last second does. */
const clamp = (time: bigint): bigint =>
  time < earliest ? earliest : time >= latest - (latest % perSecond) ? latest + 1n : time;

/**
 * The time that shard groups cover, cut at each of their borders and behind `asOf`, in order. Within one of these a field
 * has one type, as a shard keeps one type per field; over several shards a query sees the points of one type only.
 */
export const intervalsOf = (groups: readonly Group[], asOf: Date): readonly Interval[] => {
  const spans = groups.map(({ start, end }) => [clamp(nanoseconds(start)), clamp(nanoseconds(end))] as const);
  const cut = lastOf(asOf) + 1n;
  const borders = [...new Set([...spans.flat(), cut])].toSorted((a, b) => (a < b ? -1 : 1));
  return borders
    .slice(1)
    .map((next, index) => ({ start: mustExist(borders[index], 'border'), end: next - 1n }))
    .map(({ start, end }) => ({ start, end, isOpen: start >= cut }))
    .filter(({ start, end }) => spans.some(([from, to]) => from <= start && end < to));
};
