import { sideBySide } from '../core/side-by-side.ts';
import type { App } from '../session/app.ts';
import { storesReader, type StoreState } from './store-state.ts';
import { targetsTogether } from './targets-together.ts';
import { targetReader, type TargetState } from './target-state.ts';

/** Everything that metrics are made of. */
export interface State {
  readonly at: Date;
  readonly targets: readonly TargetState[];
  readonly stores: readonly StoreState[];
}

/**
 * Pause that a server leaves between two readings of the stores: what Prometheus and people see is as old at most. @default 60 s - the
 * interval of the ServiceMonitor
 */
export const readingPauseMs = 60_000;

/**
 * Reads plan and stores. What it costs grows with what is new: what follows from a listing is remembered until it changes, and
 * for each target there are three listings.
 * @throws BackupError `store.*` of the primary store; a replica that is away is part of the state
 */
export const stateReader = (app: App): (() => Promise<State>) => {
  const [readTarget, readStores] = [targetReader(app), storesReader(app)];
  return async () => {
    const at = app.run.now();
    const targets = await sideBySide(app.plan.targets, targetsTogether, (target) => readTarget(target, at));
    return { at, targets, stores: await readStores(targets, at) };
  };
};
