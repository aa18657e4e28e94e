import { checkAlias, checkKey, checkObjectKey, checkPrefix } from './keys.ts';
import type { Store } from './store.ts';

/** A store that looks at every key before it does anything; each kind of store is made through it. */
export const keyChecking = (store: Store): Store => ({
  ...store,
  put: async (key, body, options) => store.put(checkObjectKey(key), body, options),
  get: async function* (key, start) {
    yield* store.get(checkObjectKey(key), start);
  },
  head: async (key) => store.head(checkObjectKey(key)),
  list: (prefix, options) => store.list(checkPrefix(prefix), options),
  remove: async (key) => store.remove(checkKey(key)),
  copy: async (from, to) => store.copy(checkObjectKey(from), checkObjectKey(to)),
  point: async (alias, key) => {
    checkAlias(alias, key);
    await store.point(alias, key);
  },
  resolve: async (alias) => store.resolve(checkKey(alias)),
  prolong: async (key, until) => store.prolong(checkObjectKey(key), until),
});
