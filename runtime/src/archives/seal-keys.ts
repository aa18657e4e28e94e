import { newArchiveKeys } from '../crypto/archive-keys.ts';
import type { App } from '../session/app.ts';

/** Undefined where the plan stores in the clear. */
export type SealKeys = Awaited<ReturnType<typeof newArchiveKeys>> | undefined;

/** Keys of the next archive, whose derivation is slow on purpose: it may be begun long before they are used. */
export const newSealKeys = ({ keys, run }: Pick<App, 'keys' | 'run'>): Promise<SealKeys> => {
  const deriving = keys ? newArchiveKeys(keys[0], run.randomBytes) : Promise.resolve(undefined);
  deriving.catch(() => {}); // what fails before they are used comes first
  return deriving;
};
