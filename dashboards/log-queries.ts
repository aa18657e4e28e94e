import { metrics, receiverMetrics, type Metric } from '../runtime/src/contract/metrics.ts';
import { hourSeconds } from '../runtime/src/contract/time.ts';
import { chosen, per, perTarget, since } from './selectors.ts';

/** PromQL of what the dashboards show of targets whose log is kept; without one there is no series. */

/** The windows as they are known at the end of what is shown, for every instant of it. */
const windowsAtEnd = ({ name }: Metric): string => `max by (target, window) (${name}{${chosen}} @ end())`;

/**
 * 1 for instants that can be restored, 0 for those in a hole between two windows, and no value before the oldest window
 * and after the newest: the axis of time is the axis of instants.
 */
export const canBeRestored = (): string => {
  const [start, end] = [windowsAtEnd(metrics.logWindowStart), windowsAtEnd(metrics.logWindowEnd)];
  const inside = `max by (target) ((time() >= bool ${start}) * (time() <= bool ${end}))`;
  return (
    `${inside} and on (target) (min by (target) (${start}) <= time())` +
    ` and on (target) (max by (target) (${end}) >= time())`
  );
};

const newest = 'window="1"';

/** How far the newest window goes back without a hole. */
export const windowSeconds = (): string =>
  `${perTarget(metrics.logWindowEnd, newest)} - ${perTarget(metrics.logWindowStart, newest)}`;

/** By what the store has: what a loss now would lose. */
export const logPointAge = (): string => since(perTarget(metrics.logWindowEnd, newest));

export const holes = (): string => perTarget(metrics.logHoles);

export const newestBaseAge = (): string => since(perTarget(metrics.newestBaseAt));

export const bases = (): string => perTarget(metrics.bases);

/** By what drills found that recovered to instants. */
export const lastLogDrillOk = (): string => perTarget(metrics.lastLogDrillOk);

export const goodLogDrillAge = (): string => since(perTarget(metrics.lastGoodLogDrillAt));

/** Seconds that the last recovery of a drill took. */
export const recoverySeconds = (): string => perTarget(metrics.measuredLogRto);

export const agreementAge = (): string => since(perTarget(metrics.lastAgreedAt));

/** By what the receiver says. */
export const isReceived = (): string => perTarget(receiverMetrics.walConnected);

export const lagSeconds = (): string => perTarget(receiverMetrics.walLagSeconds);

export const lagBytes = (): string => perTarget(receiverMetrics.walLagBytes);

export const slot = (): string => per('target, slot, status', receiverMetrics.walSlot);

export const slotSafeBytes = (): string => perTarget(receiverMetrics.walSlotSafeBytes);

/** A receiver counts from its start, so what it says falls to 0 when it starts again. */
const ofLastHour = ({ name }: Metric): string =>
  `max by (target) (rate(${name}{${chosen}}[1h]) * ${hourSeconds})`;

export const piecesPerHour = (): string => ofLastHour(receiverMetrics.walPieces);

export const logBytesPerHour = (): string => ofLastHour(receiverMetrics.walLogBytes);

export const storedBytesPerHour = (): string => ofLastHour(receiverMetrics.walStoredBytes);
