import type { Store } from '../store/store.ts';
import { latestKey, latestKeys, type Form } from './layout.ts';

/** Aliases of a target that are there, and what they name; several where the plan changed compression or encryption. */
export const latestAliases = async (store: Store, target: string): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>();
  for (const alias of latestKeys(target)) {
    const key = await store.resolve(alias).catch(() => undefined); // a strange file is no alias
    if (key !== undefined) found.set(alias, key);
  }
  return found;
};

/**
 * Lets the alias name a target's newest archive. Those with the suffixes of earlier plans follow, so that none names an
 * old archive; under Object Lock they could not be removed.
 */
export const pointLatest = async (store: Store, target: string, key: string, form: Form): Promise<void> => {
  const others = [...(await latestAliases(store, target)).keys()];
  for (const alias of new Set([latestKey(target, form), ...others])) await store.point(alias, key);
};
