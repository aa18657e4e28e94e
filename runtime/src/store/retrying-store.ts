import { resuming, retryPolicy, withRetries, type RetryPolicy } from './retry.ts';
import type { ListOptions, Store, StoredObject } from './store.ts';

async function* getResuming(
  store: Store,
  key: string,
  start: number,
  policy: RetryPolicy,
  signal?: AbortSignal,
) {
  let position = start;
  for await (const chunk of resuming(() => store.get(key, position), policy, signal)) {
    position += chunk.length;
    yield chunk;
  }
}

async function* after(
  listing: AsyncIterable<readonly StoredObject[]>,
  last: string,
): AsyncGenerator<readonly StoredObject[]> {
  for await (const objects of listing) yield last === '' ? objects : objects.filter(({ key }) => key > last);
}

async function* listResuming(
  store: Store,
  prefix: string,
  options: ListOptions | undefined,
  policy: RetryPolicy,
  signal?: AbortSignal,
) {
  let last = '';
  for await (const objects of resuming(() => after(store.list(prefix, options), last), policy, signal)) {
    last = objects.at(-1)?.key ?? last;
    yield objects;
  }
}

/**
 * A store whose operations are tried again after `store.unreachable` and `store.failed`. A broken `get` continues at
 * the byte where it broke. A `put` is tried again only where its body is a function: a stream comes once. A
 * `copy` is not: it would find its own work and call it taken.
 */
export const retrying = (store: Store, signal?: AbortSignal, policy: RetryPolicy = retryPolicy): Store => {
  const again = <T>(operation: () => Promise<T>): Promise<T> => withRetries(operation, policy, signal);
  return {
    ...store,
    put: (key, body, options) =>
      typeof body === 'function' ? again(() => store.put(key, body, options)) : store.put(key, body, options),
    get: (key, start = 0) => getResuming(store, key, start, policy, signal),
    head: (key) => again(() => store.head(key)),
    list: (prefix, options) => listResuming(store, prefix, options, policy, signal),
    remove: (key) => again(() => store.remove(key)),
    point: (alias, key) => again(() => store.point(alias, key)),
    resolve: (alias) => again(() => store.resolve(alias)),
    prolong: (key, until) => again(() => store.prolong(key, until)),
    leftovers: (olderThan) => again(() => store.leftovers(olderThan)),
    removeLeftovers: (olderThan) => again(() => store.removeLeftovers(olderThan)),
  };
};
