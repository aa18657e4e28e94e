import type { ParseArgsOptionsConfig } from 'node:util';
import type { RaceResult } from './race.ts';

/** Values of a suite's flags, as typed or by default. */
export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

/** What a suite measured. */
export interface Report {
  /** What was measured in one line: the server's version, size and shape of the data. */
  readonly subject: string;
  readonly races: readonly RaceResult[];
}

/** Races on one kind of thing: `make bench ARGS="<name>"`. */
export interface Suite {
  readonly name: string;
  /** Flags beside `--rounds` and `--record`. */
  readonly flags: ParseArgsOptionsConfig;
  /** Starts what it needs, races, and stops it. */
  readonly run: (rounds: number, flags: FlagValues) => Promise<Report>;
}
