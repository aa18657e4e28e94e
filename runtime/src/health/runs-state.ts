import { frozenBy } from '../retention/frozen.ts';
import { commandOf, lastRuns } from '../runs/facts.ts';
import { recordsReader, signerOf } from '../runs/read-records.ts';
import { listRuns, type RunRecord } from '../runs/records.ts';
import type { Followed } from '../archives/catalogue-index.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { printOf } from '../store/print.ts';
import { indexedOnce, type Indexed } from './indexed.ts';
import { whileSame } from './while-same.ts';

/** What became of the newest notification on a channel. */
export interface Notified {
  readonly channel: string;
  readonly ok: boolean;
  /** End of the run that it told of. */
  readonly finishedAt: string;
}

export const latestFirst = (a: Pick<Notified, 'finishedAt'>, b: Pick<Notified, 'finishedAt'>): number =>
  a.finishedAt < b.finishedAt ? 1 : -1;

/** The newest on each channel. */
const notifiedOf = (records: readonly RunRecord[]): readonly Notified[] => {
  const newest = new Map<string, Notified>();
  for (const { finishedAt, notified = {} } of records.toSorted(latestFirst))
    for (const [channel, ok] of Object.entries(notified))
      if (!newest.has(channel)) newest.set(channel, { channel, ok, finishedAt });
  return [...newest.values()];
};

/** Runs of a target, and what follows from them, as JSON, for its index. */
export interface RunsState {
  /** Restores into a scratch server, newest first. */
  readonly drillRuns: readonly RunRecord[];
  readonly notified: readonly Notified[];
  /** The last that says something, by command; `drill` apart from `verify`. */
  readonly lastRuns: readonly (readonly [command: string, RunRecord])[];
  /** Why retention removes nothing; absent where it does. */
  readonly frozen?: string | undefined;
}

/** What follows from the records of a target. Pure. @param records newest first */
export const runsState = (records: readonly RunRecord[]): RunsState => ({
  drillRuns: records.filter((record) => commandOf(record) === 'drill'),
  notified: notifiedOf(records),
  lastRuns: [...lastRuns(records)],
  frozen: frozenBy(records),
});

export type ReadRunsState = (target: Target, now: Date, indexed?: Indexed) => Promise<RunsState>;

/** Reads the records of targets from the primary store, again where the listing of a target changed. */
export const runsStateReader = (app: App): ReadRunsState => {
  const { primary } = app.stores;
  const kept = whileSame<RunsState>();
  return async (target, now, { index, derived } = indexedOnce(app, target)) => {
    const { name } = target;
    const objects = await listRuns(primary, name);
    const derive = async () => {
      const { readListed } = recordsReader(primary, signerOf(app));
      const { records, isSettled: lasts } = await readListed(name, objects, now, index);
      return { value: runsState(records), lasts };
    };
    const left = async () => (await derived())?.runs as Followed<RunsState> | undefined;
    return kept(name, printOf(objects), now, derive, left);
  };
};
