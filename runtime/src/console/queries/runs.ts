import { recordsReader, signerOf } from '../../runs/read-records.ts';
import type { RunRecord } from '../../runs/records.ts';
import { indexOnce } from '../../archives/known.ts';
import type { App } from '../../session/app.ts';
import { readingPauseMs } from '../../health/state.ts';
import { remembered } from '../state/remembered.ts';

/** Runs of a target that count, newest first. */
export type ReadRuns = (target: string) => Promise<readonly RunRecord[]>;

/** Reads the records of a target, not more often than the state is read, which remembers only what follows from them. @param pauseMs default 60 s */
export const runsReader = (app: App, pauseMs = readingPauseMs): ReadRuns => {
  const { primary } = app.stores;
  return remembered(
    (target) =>
      recordsReader(primary, signerOf(app)).read(target, app.run.now(), indexOnce(app, primary, target)),
    pauseMs,
  );
};
