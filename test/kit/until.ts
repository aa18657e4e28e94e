import { setTimeout as sleep } from 'node:timers/promises';

/** Far more than anything here takes on a busy machine, and less than the limit of a test. */
const usualSeconds = 30;
const pollMs = 20;

/**
 * Repeats a probe until it gives something true, and resolves to that. A probe that throws has not succeeded yet.
 * @throws Error after `seconds`, with what the probe threw last as its cause
 */
export const until = async <T>(
  probe: () => T | Promise<T>,
  seconds = usualSeconds,
): Promise<NonNullable<T>> => {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    let cause: unknown;
    try {
      const found = await probe();
      if (found) return found;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > end)
      throw new Error(`waited ${seconds}s in vain for ${String(probe)}`, { cause });
    await sleep(pollMs);
  }
};
