/**
 * How well the forecast of durations announces missed deadlines: `node bench/forecast.ts [seeds]` prints the table of
 * docs/explanation/anomalies.md. No database, no clock: everything is simulated.
 */
import { simulate, situations } from '../test/kit/simulated-durations.ts';

const seeds = Array.from({ length: Number(process.argv[2] ?? 3) }, (_, index) => index + 1);
const rows = Object.entries(situations).map(([name, situation]) => {
  const outcomes = seeds.map((seed) => simulate(situation, seed));
  const range = (values: readonly number[], digits: number): string => {
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
    return least === most ? `${least}` : `${least} to ${most}`;
  };
  return [
    name,
    range(outcomes.map(({ missed }) => missed), 0),
    range(outcomes.map(({ announced }) => announced), 0),
    range(outcomes.map(({ leadRuns }) => leadRuns), 1),
    range(outcomes.map(({ falsePer100 }) => falsePer100), 2),
  ]; // prettier-ignore
});
const head = ['series', 'missed', 'announced', 'runs ahead', 'false per 100 runs'];
for (const row of [head, head.map(() => '---'), ...rows]) process.stdout.write(`| ${row.join(' | ')} |\n`);
