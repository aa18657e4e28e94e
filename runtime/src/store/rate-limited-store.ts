import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from './store.ts';

/** The clock of a limit; tests replace it. */
export interface Pace {
  readonly nowMs: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

/** What may pass at once after a silence. */
const burstMs = 1000;

const paceOf = (signal: AbortSignal | undefined): Pace => ({
  nowMs: () => performance.now(),
  pause: (ms) => sleep(ms, undefined, { signal }).catch(() => {}), // whoever reads stops by the signal itself
});

/** A token bucket: resolves when so many bytes may pass. */
const bucketOf = (bytesPerSecond: number, { nowMs, pause }: Pace) => {
  let passedMs = -Infinity; // when all that was let through has passed at the given rate
  return async (bytes: number): Promise<void> => {
    const now = nowMs();
    passedMs = Math.max(passedMs, now - burstMs) + (bytes / bytesPerSecond) * 1000;
    if (passedMs > now) await pause(passedMs - now);
  };
};

async function* paced(
  source: AsyncIterable<Buffer>,
  take: (bytes: number) => Promise<void>,
): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    await take(chunk.length);
    yield chunk;
  }
}

/**
 * A store whose `put`s and `get`s together pass no more than so many bytes per second, averaged over a second, so that a
 * backup leaves room on the link. Parts of an upload are sent whole, so a single one goes as fast as it can.
 */
export const rateLimited = (
  store: Store,
  bytesPerSecond: number,
  signal?: AbortSignal,
  pace: Pace = paceOf(signal),
): Store => {
  const take = bucketOf(bytesPerSecond, pace);
  return {
    ...store,
    put: (key, body, options) => {
      if (options?.sha256) return store.put(key, body, { ...options, pace: take }); // what is not sent need not wait
      return store.put(
        key,
        typeof body === 'function' ? () => paced(body(), take) : paced(body, take),
        options,
      );
    },
    get: (key, start) => paced(store.get(key, start), take),
  };
};
