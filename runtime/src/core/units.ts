import { z } from 'zod';
import { daySeconds, hourSeconds } from '../contract/time.ts';

export const dayMs = daySeconds * 1000;
export const hourMs = hourSeconds * 1000;

const secondsPerUnit = { s: 1, m: 60, h: 3600, d: daySeconds } as const;
const durationPattern = /^(\d+[smhd])+$/;

/** `24h`, `1h30m`, `7d` → seconds. @throws Error for anything else. */
export const parseDuration = (text: string): number => {
  if (!durationPattern.test(text)) throw new Error(`not a duration: ${text}`);
  return [...text.matchAll(/(\d+)([smhd])/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * secondsPerUnit[unit as keyof typeof secondsPerUnit],
    0,
  );
};

/** A positive duration in text, kept as text so that plan.json reads like the environment file. */
export const duration = z
  .string()
  .regex(durationPattern, { error: 'expected a duration such as 30m, 24h or 7d' })
  .refine((text) => !durationPattern.test(text) || parseDuration(text) > 0, {
    error: 'expected more than 0',
  });

/** Seconds → `1h 30m`, `2.4s`, for people. */
export const formatSeconds = (seconds: number): string => {
  if (seconds < 60) return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))}s`;
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), Math.floor(seconds % 60)];
  return [h && `${h}h`, m && `${m}m`, !h && s && `${s}s`].filter(Boolean).join(' ');
};

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** Bytes → `1.5 GiB`, for people. */
export const formatBytes = (bytes: number): string => {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), binaryUnits.length - 1);
  return `${Number((bytes / 1024 ** power).toFixed(power ? 1 : 0))} ${binaryUnits[power]}`;
};

/** `2024-01-01T02:00:00.000Z` → `2024-01-01 02:00:00Z`, for people; `-` where there is none. */
export const formatTime = (iso: string | undefined): string =>
  iso ? iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z') : '-';

/** `1 problem`, `2 problems`. */
export const formatCount = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Time → `20240101_020000` in UTC, as archive names carry it. */
export const stamp = (time: Date): string =>
  time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_');
