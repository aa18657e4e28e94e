import type { RunContext } from '../core/context.ts';
import { mustExist } from '../core/must-exist.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Plan } from '../plan/schema.ts';
import { allStores, type App } from '../session/app.ts';
import type { Store } from '../store/store.ts';

/** Where the log of a target is kept, and how. */
export interface LogPlace {
  readonly store: Store;
  readonly target: string;
  readonly environment: string;
  /** Absent where the plan stores in the clear. */
  readonly keys: KeyRing | undefined;
  readonly compression: Plan['compression'];
  readonly randomBytes: RunContext['randomBytes'];
}

/**
 * The store of the log: S3 where there is one, which needs no volume and outlives the cluster. The log is in one store
 * only, so that what the server may forget is decided in one place.
 */
export const logStore = (app: Pick<App, 'stores'>): Store =>
  mustExist(allStores(app).at(-1), 'store of the plan');

export const placeOf = (app: App, target: string): LogPlace => ({
  store: logStore(app),
  target,
  environment: app.plan.environment,
  keys: app.keys,
  compression: app.plan.compression,
  randomBytes: app.run.randomBytes,
});
