import type { KeyRing } from '../../runtime/src/crypto/key-ring.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import type { App } from '../../runtime/src/session/app.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { redisTarget, testApp, testKeys } from './app.ts';
import { simulateBackup } from './simulated-runs.ts';

/** The app of a plan with one target `redis`, whose server nobody asks. */
export const appOver = (store: Store, keys: KeyRing = testKeys): App => ({
  ...testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 1 })],
  }),
  keys,
});

/** Backs up `redis` so many days ago each. */
export const backUpDaysAgo = async (app: App, ...days: readonly number[]): Promise<void> => {
  for (const day of days) await simulateBackup(app, 'redis', { at: new Date(Date.now() - day * dayMs) });
};
