import { pointLatest } from './latest.ts';
import type { Form } from './layout.ts';
import { isBackupError } from '../core/errors.ts';
import type { Store } from '../store/store.ts';
import type { App } from '../session/app.ts';

/**
 * Lets the alias name the newest archive. It is for people: where something else has its name, or the store refuses it,
 * the archive is committed all the same, the run goes on, and `check` tells.
 */
export const pointNewest = async (
  { run }: App,
  store: Store,
  target: string,
  key: string,
  form: Form,
): Promise<void> => {
  await pointLatest(store, target, key, form).catch((error: unknown) => {
    if (!isBackupError(error, 'store.odd') && !isBackupError(error, 'store.refused')) throw error;
    run.log.warn({ store: store.location, archive: key, problem: error.message }, 'the alias was not moved');
  });
};
