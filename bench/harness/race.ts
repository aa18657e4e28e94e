import { median } from '../../runtime/src/core/median.ts';
import { table } from '../../runtime/src/core/text-table.ts';
import { measure, type Contender, type Measured, type Observed } from './measure.ts';

export interface Race {
  /** What all of them do, such as `backup`. */
  readonly title: string;
  /** The first is what the others are measured against. */
  readonly contenders: readonly Contender[];
  /** How often each runs. */
  readonly rounds: number;
  /** @default none are observed */
  readonly servers?: readonly Observed[];
}

interface Raced {
  readonly name: string;
  readonly runs: readonly Measured[];
}

/** In turns, every other round backwards, so that what else the machine does falls on all alike. */
const runAll = async ({ contenders, rounds, servers }: Race): Promise<readonly Raced[]> => {
  const results = contenders.map((contender) => ({
    contender,
    name: contender.name,
    runs: [] as Measured[],
  }));
  for (let round = 0; round < rounds; round++)
    for (const { contender, runs } of round % 2 ? results.toReversed() : results)
      runs.push(await measure(contender, servers));
  return results;
};

/** Median of a figure over runs; undefined where one of them could not tell. */
const middle = (
  runs: readonly Measured[],
  figure: (run: Measured) => number | undefined,
): number | undefined => {
  const values = runs.map(figure).filter((value) => value !== undefined);
  return values.length === runs.length ? median(values) : undefined;
};

const mebibytes = (bytes: number): string => `${(bytes / (1 << 20)).toFixed(bytes < 10 << 20 ? 1 : 0)} MiB`;
const fixed =
  (digits: number) =>
  (value: number): string =>
    value.toFixed(digits);

type Cell = (raced: Raced, first: Raced) => string;

const medianOf =
  (figure: (run: Measured) => number | undefined, show: (value: number) => string): Cell =>
  ({ runs }) => {
    const value = middle(runs, figure);
    return value === undefined ? '-' : show(value);
  };

const ratioOf =
  (figure: (run: Measured) => number | undefined): Cell =>
  ({ runs }, { runs: first }) => {
    const ratio = (middle(runs, figure) ?? NaN) / (middle(first, figure) ?? NaN);
    return Number.isFinite(ratio) ? ratio.toFixed(2) : '-';
  };

const seconds = ({ seconds }: Measured): number => seconds;
const serverCpu = ({ serverCpuSeconds }: Measured): number | undefined => serverCpuSeconds;

const spread: Cell = ({ runs }) => {
  const all = runs.map(seconds);
  return `${Math.min(...all).toFixed(2)}-${Math.max(...all).toFixed(2)}`;
};

const peak: Cell = ({ runs }) => {
  const known = runs.flatMap(({ peakBytes = [] }) => peakBytes);
  return known.length > 0 ? mebibytes(Math.max(...known)) : '-';
};

/** Columns of every race; one in which nothing can be told is left out. */
const columns: readonly (readonly [head: string, cell: Cell])[] = [
  ['median s', medianOf(seconds, fixed(2))],
  ['spread', spread],
  ['ratio', ratioOf(seconds)],
  ['server CPU s', medianOf(serverCpu, fixed(2))],
  ['ratio', ratioOf(serverCpu)],
  ['server read', medianOf(({ serverBytesRead }) => serverBytesRead, mebibytes)],
  ['network', medianOf(({ networkBytes }) => networkBytes, mebibytes)],
  ['own CPU s', medianOf(({ cpuSeconds }) => cpuSeconds, fixed(2))],
  ['peak memory', peak],
  ['stored', medianOf(({ bytes }) => bytes, mebibytes)],
];

const figureColumns = (results: readonly Raced[]): typeof columns => {
  const names = new Set(results.flatMap(({ runs }) => Object.keys(runs[0]?.figures ?? {})));
  return [...names].map((name) => [name, medianOf(({ figures }) => figures[name], String)]);
};

const show = (title: string, results: readonly [Raced, ...Raced[]]): string => {
  const shown = [...columns, ...figureColumns(results)]
    .map(([head, cell]) => [head, ...results.map((raced) => cell(raced, results[0]))])
    .filter(([, ...cells]) => cells.some((cell) => cell !== '-'));
  const rows = [[title, ...results.map(({ name }) => name)], ...shown];
  const [head = [], ...lines] = (rows[0] ?? []).map((_, line) => rows.map((row) => row[line] ?? ''));
  return table(head, lines);
};

export interface RaceResult {
  /** Lines and columns, as text. */
  readonly table: string;
  /** Share of the machine that others had during the median run, 0 to 1. */
  readonly disturbed: number;
}

/** Runs all contenders and makes a table of their medians. */
export const race = async (entries: Race): Promise<RaceResult> => {
  const [first, ...others] = await runAll(entries);
  if (first === undefined) throw new Error(`${entries.title}: nothing to race`);
  const shares = [first, ...others].flatMap(({ runs }) => runs.map(({ disturbed }) => disturbed));
  return { table: show(entries.title, [first, ...others]), disturbed: median(shares) };
};
