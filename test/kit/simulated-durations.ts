import { overrunOf } from '../../runtime/src/health/anomaly/overrun.ts';
import { longestHistory } from '../../runtime/src/archives/facts.ts';
import { dayMs } from '../../runtime/src/core/units.ts';

/** Databases of one kind over 150 nights. */
export interface Situation {
  readonly baseSeconds: number;
  /** Growth from night to night. */
  readonly growth: number;
  /** Standard deviation of the logarithm. */
  readonly noise: number;
  /** Share of nights that take half as long again. */
  readonly spikes: number;
}

/** One night a week takes a quarter longer in all of them. */
export const situations = {
  'growing, noise 0.1': { baseSeconds: 900, growth: 0.02, noise: 0.1, spikes: 0 },
  'growing, noise 0.2, 5 % spikes': { baseSeconds: 900, growth: 0.02, noise: 0.2, spikes: 0.05 },
  'level at 900 s, noise 0.1': { baseSeconds: 900, growth: 0, noise: 0.1, spikes: 0 },
  'level at 2,000 s, noise 0.1': { baseSeconds: 2000, growth: 0, noise: 0.1, spikes: 0 },
  'level at 2,000 s, noise 0.2, 5 % spikes': { baseSeconds: 2000, growth: 0, noise: 0.2, spikes: 0.05 },
  'level at 2,600 s, noise 0.1': { baseSeconds: 2600, growth: 0, noise: 0.1, spikes: 0 },
} as const satisfies Record<string, Situation>;

const [nights, deadlineSeconds, horizon] = [150, 3600, 14];

/** Mulberry32: the same numbers for the same seed, on every machine. */
const randomOf = (seed: number) => (): number => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};

const durations = (
  { baseSeconds, growth, noise, spikes }: Situation,
  random: () => number,
): readonly number[] => {
  const long = Math.floor(random() * 7);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Array.from({ length: nights }, (_, night) => {
    const usual = baseSeconds * (1 + growth) ** night * (night % 7 === long ? 1.25 : 1);
    return usual * Math.exp(noise * normal()) * (random() < spikes ? 1.5 : 1);
  });
};

const warns = (series: readonly number[], night: number): boolean => {
  const window = series.slice(Math.max(0, night - longestHistory + 1), night + 1);
  const timed = window.map((value, index) => ({ at: new Date(index * dayMs).toISOString(), value }));
  return overrunOf(timed, deadlineSeconds, 1, horizon) !== undefined;
};

export interface Outcome {
  /** Series with a run over the deadline. */
  readonly missed: number;
  /** Of these, with a warning before the first such run. */
  readonly announced: number;
  /** From the first warning to the first miss, on average. */
  readonly leadRuns: number;
  /**
   * Warnings after which no run of the next 14 nights missed the deadline, per 100 runs. Only runs before the first miss
   * count, as every warning after it would flatter; of a series without a miss, all but the last 14.
   */
  readonly falsePer100: number;
}

/** Lets the forecast look at every night of every series. @param databases default 150 */
export const simulate = (situation: Situation, seed: number, databases = 150): Outcome => {
  const random = randomOf(seed);
  const isOver = (seconds: number): boolean => seconds > deadlineSeconds;
  let [missed, announced, lead, wrong, runs] = [0, 0, 0, 0, 0];
  for (let database = 0; database < databases; database++) {
    const series = durations(situation, random);
    const first = series.findIndex(isOver);
    const before = [...series.keys()].slice(0, first < 0 ? -horizon : first);
    const warned = before.filter((night) => warns(series, night));
    wrong += warned.filter((night) => !series.slice(night + 1, night + 1 + horizon).some(isOver)).length;
    runs += before.length;
    if (first < 0) continue;
    missed++;
    if (warned.length === 0) continue;
    announced++;
    lead += first - warned[0]!;
  }
  return { missed, announced, leadRuns: lead / Math.max(1, announced), falsePer100: (100 * wrong) / runs };
};
