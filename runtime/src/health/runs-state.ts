import { frozenBy } from '../retention/frozen.ts';
import { lastRuns } from '../runs/facts.ts';
import { recordsReader, signerOf } from '../runs/read-records.ts';
import type { RunRecord } from '../runs/records.ts';
import type { OpenIndex } from '../archives/known.ts';
import type { App } from '../session/app.ts';

/** Runs of a target, and what follows from them. */
export interface RunsState {
  /** Those that count, newest first. */
  readonly records: readonly RunRecord[];
  /** The last that says something, by command; `drill` apart from `verify`. */
  readonly lastRuns: ReadonlyMap<string, RunRecord>;
  /** Why retention removes nothing; absent where it does. */
  readonly frozen?: string | undefined;
}

/** What follows from the records of a target. Pure. @param records newest first */
export const runsState = (records: readonly RunRecord[]): RunsState => ({
  records,
  lastRuns: lastRuns(records),
  frozen: frozenBy(records),
});

export type ReadRunsState = (target: string, now: Date, index?: OpenIndex) => Promise<RunsState>;

/** Reads the records of targets from the primary store; what is read again costs what is new. */
export const runsStateReader = (app: App): ReadRunsState => {
  const { read } = recordsReader(app.stores.primary, signerOf(app));
  return async (target, now, index) => runsState(await read(target, now, index));
};
