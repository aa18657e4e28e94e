import { setTimeout as sleep } from 'node:timers/promises';

/** A try that failed. The message is made of codes and numbers only: what servers and libraries say may quote a secret. */
export class DeliveryError extends Error {
  /** Another try may succeed. */
  readonly transient: boolean;

  constructor(message: string, transient: boolean) {
    super(message);
    this.name = 'DeliveryError';
    this.transient = transient;
  }
}

export interface DeliveryPolicy {
  /** Tries in all. */
  readonly tries: number;
  /** Pause before the second try; doubled for each further one. */
  readonly pauseMs: number;
  /** Longest that one try may take: a dead endpoint must not hold a Job. */
  readonly tryMs: number;
}

/** At most 33 s in all, which a Job's deadline and a pod's grace period can bear. */
export const deliveryPolicy: DeliveryPolicy = { tries: 3, pauseMs: 1000, tryMs: 10_000 };

const tryOnce = async (
  send: (signal: AbortSignal) => Promise<void>,
  { tryMs }: DeliveryPolicy,
): Promise<void> => {
  const timeout = AbortSignal.timeout(tryMs);
  const expired = new Promise<never>((_, reject) =>
    timeout.addEventListener('abort', () =>
      reject(new DeliveryError(`no answer within ${tryMs / 1000} s`, true)),
    ),
  );
  await Promise.race([send(timeout), expired]);
};

/**
 * Sends until it is delivered, the failure is final, or the tries are used up.
 * @param stopping aborted when the process is about to end: then there is one try, without waiting for another
 * @returns tries that it took
 */
export const deliver = async (
  send: (signal: AbortSignal) => Promise<void>,
  policy: DeliveryPolicy,
  stopping: AbortSignal,
): Promise<number> => {
  for (let tries = 1; ; tries++) {
    try {
      await tryOnce(send, policy);
      return tries;
    } catch (error) {
      const again = error instanceof DeliveryError && error.transient && tries < policy.tries;
      if (!again || stopping.aborted) throw error;
      await sleep(policy.pauseMs * 2 ** (tries - 1), undefined, { signal: stopping }).catch(() => {});
    }
  }
};
