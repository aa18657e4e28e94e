import { daySeconds } from '../../runtime/src/contract/time.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { FieldConfig } from './model.ts';

type Scale = readonly (readonly [size: number, unit: string])[];

/** Smallest size first. */
const scales: Readonly<Record<string, Scale>> = {
  s: [
    [0.001, 'ms'],
    [1, 's'],
    [60, 'min'],
    [3600, 'hours'],
    [daySeconds, 'days'],
    [7 * daySeconds, 'weeks'],
  ],
  bytes: ['B', 'KiB', 'MiB', 'GiB', 'TiB'].map((unit, index) => [1024 ** index, unit] as const),
  percentunit: [[0.01, '%']],
  d: [[1, 'days']],
  short: [
    [1, ''],
    [1000, 'K'],
    [1e6, 'Mil'],
    [1e9, 'Bil'],
  ],
  none: [[1, '']],
};

/** Three significant digits without trailing zeros, as Grafana chooses decimals. */
const digits = (value: number, decimals: number | undefined): string => {
  const places = decimals ?? Math.max(0, Math.min(2, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
  return decimals === undefined ? `${Number(value.toFixed(places))}` : value.toFixed(decimals);
};

/** A value in Grafana's unit: 5400, `s` → 1.5 hours. */
export const format = (
  value: number,
  { unit = 'none', decimals }: Pick<FieldConfig, 'unit' | 'decimals'>,
): string => {
  if (Number.isNaN(value)) return '–';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '-∞';
  if (unit === 'dateTimeAsIso') return new Date(value).toISOString().replace('T', ' ').slice(0, 16);
  const scale = scales[unit] ?? mustExist(scales['none'], 'scale of plain numbers');
  const [size, suffix] =
    scale.findLast(([from]) => Math.abs(value) >= from) ?? mustExist(scale[0], 'first step of the scale');
  const [chosen, word] = value === 0 && unit === 's' ? [1, 's'] : [size, suffix];
  return `${digits(value / chosen, decimals)} ${word}`.trim();
};

const clockSteps = [60, 120, 300, 600, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800];

/** Round values for an axis from 0 to `top`, some `count` of them; powers of two for bytes, clock steps for seconds. */
export const ticks = (top: number, unit: string | undefined, count: number): readonly number[] => {
  const raw = top / count;
  const nice = (base: number, factors: readonly number[]): number =>
    factors.map((factor) => factor * base).find((size) => size >= raw) ?? base * Math.max(...factors);
  const step =
    unit === 'bytes'
      ? nice(
          1024 ** Math.max(0, Math.floor(Math.log(raw) / Math.log(1024))),
          [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024],
        )
      : unit === 's' && raw > 30
        ? (clockSteps.find((size) => size >= raw) ?? raw)
        : nice(10 ** Math.floor(Math.log10(raw)), [1, 2, 5, 10]);
  return Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, index) => index * step);
};
