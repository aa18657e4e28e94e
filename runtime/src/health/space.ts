import { setImmediate } from 'node:timers/promises';
import { fullAfter, growthByDay, type Kept } from './anomaly/space-forecast.ts';
import { daySeconds } from '../contract/time.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Plan } from '../plan/schema.ts';
import type { Space } from '../store/store.ts';
import type { App } from '../session/app.ts';
import type { ArchivesState } from './archives-state.ts';

/** Days that `store_full_seconds` looks ahead. @default 90 - what `anomalies.forecastDays` may ask for at most */
const horizonDays = 90;

const hourMs = 3_600_000;

/** A target as the forecast of its growth takes it. */
export const keptOf = (
  plan: Plan,
  { target, archives }: Pick<ArchivesState, 'target' | 'archives'>,
): Kept => ({
  archives: archives.map(({ key, manifest, verified }) => ({ ...manifest, key, verified })),
  policy: retentionOf(plan, target),
});

type Growth = (target: ArchivesState, at: Date) => Promise<readonly number[]>;

/** Spreads what is done once an hour over it: a name's own share of the hour, in ms. */
const offsetOf = (name: string): number =>
  [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % hourMs, 7);

/** Growth of targets by day, played again for a new archive and once an hour: some schedules cost half a second. */
const growthReader = ({ plan }: App): Growth => {
  const known = new Map<string, { readonly state: string; readonly growth: readonly number[] }>();
  return async ({ target, archives }, at) => {
    const state = [
      archives.length,
      archives.at(-1)?.key,
      Math.floor((at.getTime() + offsetOf(target.name)) / hourMs),
    ].join();
    const before = known.get(target.name);
    if (before?.state === state) return before.growth;
    await setImmediate(); // scrapes and probes are answered between two targets
    const growth = growthByDay(keptOf(plan, { target, archives }), at, horizonDays);
    known.set(target.name, { state, growth });
    return growth;
  };
};

/** Seconds until a store is full; Infinity beyond the forecast. */
export type Forecaster = (targets: readonly ArchivesState[], space: Space, at: Date) => Promise<number>;

export const forecaster = (app: App): Forecaster => {
  const growthOf = growthReader(app);
  return async (targets, { freeBytes }, at) => {
    const growths: (readonly number[])[] = [];
    for (const target of targets) growths.push(await growthOf(target, at));
    return (fullAfter(growths, freeBytes, horizonDays)?.days ?? Infinity) * daySeconds;
  };
};
