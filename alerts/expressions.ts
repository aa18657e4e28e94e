import { environmentLabel, metrics, receiverMetrics, type Metric } from '../runtime/src/contract/metrics.ts';
import type { AlertContext } from './alert.ts';

/** PromQL of the alerts on what the exporter tells, as named functions. */

const series = ({ plan }: AlertContext, { name }: Metric, more = ''): string =>
  `${name}{${environmentLabel}="${plan.environment}"${more && `, ${more}`}}`;

/** The exporter's pod may have been replaced in the last minutes: series of the old one and the new one are one. */
const newestBy = (labels: string, context: AlertContext, metric: Metric, more?: string): string =>
  `max by (${labels}) (${series(context, metric, more)})`;

const perTarget = (context: AlertContext, metric: Metric, more?: string): string =>
  newestBy('target', context, metric, more);

const olderThan = (timestamp: string, seconds: string | number): string =>
  `time() - ${timestamp} > ${seconds}`;

/** Time since the dump of the newest archive began, against the objective of its target. */
export const olderThanRpo = (context: AlertContext): string =>
  olderThan(perTarget(context, metrics.recoveryPoint), perTarget(context, metrics.rpo));

/** Targets of the plan without any archive. */
export const neverBackedUp = (context: AlertContext): string =>
  `${perTarget(context, metrics.rpo)} unless ${perTarget(context, metrics.recoveryPoint)}`;

/** Newest archive against the median of the seven before it. */
export const shrunkBelow = (context: AlertContext, ratio: number): string =>
  `${perTarget(context, metrics.sizeRatio)} < ${ratio}`;

/** Targets whose newest archive is unlike those before it. */
export const unusual = (context: AlertContext): string => `${perTarget(context, metrics.anomalies)} > 0`;

/** Targets whose last run of a command failed. */
export const lastRunFailed = (context: AlertContext, command: string): string =>
  `${perTarget(context, metrics.lastRunOk, `command="${command}"`)} == 0`;

export const verifiedLongAgo = (context: AlertContext, seconds: number): string =>
  olderThan(perTarget(context, metrics.lastVerifiedAt), seconds);

export const neverVerified = (context: AlertContext): string =>
  `${perTarget(context, metrics.recoveryPoint)} unless ${perTarget(context, metrics.lastVerifiedAt)}`;

export const drillFailed = (context: AlertContext): string =>
  `${perTarget(context, metrics.lastDrillOk)} == 0`;

export const drilledLongAgo = (context: AlertContext, seconds: number): string =>
  olderThan(perTarget(context, metrics.lastGoodDrillAt), seconds);

/** Restore of the last drill that succeeded, against the objective of its target. */
export const slowerThanRto = (context: AlertContext): string =>
  `${perTarget(context, metrics.measuredRto)} > ${perTarget(context, metrics.rto)}`;

export const withoutKey = (context: AlertContext): string => `${perTarget(context, metrics.withoutKey)} > 0`;

export const retentionFrozen = (context: AlertContext): string =>
  `${perTarget(context, metrics.retentionFrozen)} == 1`;

export const storeDown = (context: AlertContext): string =>
  `${newestBy('store', context, metrics.storeUp)} == 0`;

export const freeBelow = (context: AlertContext, ratio: number): string =>
  `${newestBy('store', context, metrics.storeFreeBytes)} / ${newestBy('store', context, metrics.storeSizeBytes)} < ${ratio}`;

export const fullWithin = (context: AlertContext, seconds: number): string =>
  `${newestBy('store', context, metrics.storeFullSeconds)} < ${seconds}`;

/** Free space against the newest archive of every target together. */
export const holdsFewerRounds = (context: AlertContext, rounds: number): string =>
  `${newestBy('store', context, metrics.storeFreeBytes)} < on () group_left ()` +
  ` (${rounds} * sum(${perTarget(context, metrics.archiveBytes)}))`;

export const replicaBehind = (context: AlertContext): string =>
  `${newestBy('store, target', context, metrics.replicaMissing)} > 0`;

export const notificationFailed = (context: AlertContext): string =>
  `${newestBy('channel', context, metrics.notified)} == 0`;

/** Nobody watches the backups. */
export const exporterSilent = (context: AlertContext): string => `absent(${series(context, metrics.rpo)})`;

/** The exporter answers, with what it knew a while ago. */
export const catalogStale = (context: AlertContext, seconds: number): string =>
  olderThan(`max(${series(context, metrics.refreshedAt)})`, seconds);

/** The exporter reports on fewer targets than the plan names. */
export const fewerTargets = (context: AlertContext): string =>
  `count(${perTarget(context, metrics.rpo)}) < ${context.plan.targets.length}`;

const ofTarget = (name: string): string => `target="${name}"`;

/** Targets whose receiver is away, or whose server does not send. */
export const logNotReceived = (context: AlertContext, targets: readonly string[]): string => {
  const { walConnected } = receiverMetrics;
  const away = targets.map(
    (name) => `max by (target) (absent(${series(context, walConnected, ofTarget(name))}))`,
  );
  return [`${perTarget(context, walConnected)} == 0`, ...away].join(' or ');
};

export const logBehind = (context: AlertContext, seconds: number): string =>
  `${perTarget(context, receiverMetrics.walLagSeconds)} > ${seconds}`;

/** Gaps that were recorded meanwhile, by the number of those that the store has. */
export const logGapWithin = (context: AlertContext, seconds: number): string => {
  const gaps = series(context, receiverMetrics.walGaps);
  return `max by (target) (${gaps}) - min by (target) (min_over_time(${gaps}[${seconds}s])) > 0`;
};

/** By the course of the last hour. */
export const slotLostWithin = (context: AlertContext, seconds: number): string =>
  `min by (target) (predict_linear(${series(context, receiverMetrics.walSlotSafeBytes)}[1h], ${seconds})) < 0`;

export const slotLost = (context: AlertContext): string =>
  `${perTarget(context, receiverMetrics.walSlot, 'status="lost"')} == 1`;
