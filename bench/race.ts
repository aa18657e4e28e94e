import { table } from '../runtime/src/core/text-table.ts';
import { measure, type Contender, type Measured } from './measure.ts';

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;

const mebibytes = (bytes: number | undefined): string =>
  bytes === undefined ? '-' : `${(bytes / (1 << 20)).toFixed(0)} MiB`;

interface Raced {
  readonly contender: Contender;
  readonly runs: readonly Measured[];
}

/** Each round in turn, so that what else the machine does falls on all alike. */
const race = async (contenders: readonly Contender[], rounds: number): Promise<readonly Raced[]> => {
  const results = contenders.map((contender) => ({ contender, runs: [] as Measured[] }));
  for (let round = 0; round < rounds; round++)
    for (const { contender, runs } of results) runs.push(await measure(contender));
  return results;
};

/** Races contenders for so many rounds; a table of medians and of ratios to the first. */
export const raced = async (
  title: string,
  contenders: readonly Contender[],
  rounds: number,
): Promise<string> => {
  const results = await race(contenders, rounds);
  const seconds = (runs: readonly Measured[]): number => median(runs.map((run) => run.seconds));
  const first = seconds(results[0]?.runs ?? []);
  const rows = results.map(({ contender, runs }) => [
    contender.name,
    seconds(runs).toFixed(1),
    (seconds(runs) / first).toFixed(2),
    mebibytes(Math.max(...runs.map(({ peakBytes }) => peakBytes))),
    mebibytes(runs[0]?.bytes),
  ]);
  return table([title, 'median s', 'ratio', 'peak memory', 'stored'], rows);
};
