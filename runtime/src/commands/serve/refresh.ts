import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../core/errors.ts';
import type { App } from '../../session/app.ts';
import type { Sample } from '../../metrics/sample.ts';
import { samplesOf } from './samples.ts';
import { stateReader } from '../../health/state.ts';

/** What a scrape is answered with. */
export interface Snapshot {
  /** Undefined until the stores were read once. */
  samples?: readonly Sample[];
  /** Whether the newest reading failed; the log says why. */
  failed?: boolean;
}

/**
 * Keeps a snapshot fresh until the run is stopped. One reading at a time, the next one a pause later, however slow the
 * stores are. A reading that fails leaves the snapshot as it was, and its metric of the last refresh grows old.
 */
export const keepFresh = async (app: App, snapshot: Snapshot, pauseMs: number): Promise<void> => {
  const { signal, log } = app.run;
  const read = stateReader(app);
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      const state = await read();
      snapshot.samples = samplesOf({ plan: app.plan, state, seconds: (performance.now() - begun) / 1000 });
      snapshot.failed = false;
    } catch (error) {
      snapshot.failed = true;
      if (!signal.aborted) log.error({ problem: messageOf(error) }, 'the stores could not be read');
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => {}); // the loop looks at the signal
  }
};
