import type { BrokenArchive } from '../../archives/catalogue.ts';
import { newestBackups } from '../../archives/facts.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { shareOf } from '../../core/part.ts';
import { parseDuration } from '../../core/units.ts';
import type { Target } from '../../plan/schema.ts';
import type { Store } from '../../store/store.ts';
import { allStores, findTarget, type App } from '../../session/app.ts';
import { catalogOf } from '../../archives/of-target.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { findArchive } from '../../archives/read.ts';
import { drillInstants } from './drill-instants.ts';
import { verifyInstants } from './verify-instants.ts';
import { problemOf } from './tried.ts';
import { verifyArchive } from './verify-archive.ts';
import type { Verified } from './result.ts';
import { verifySummary } from './summary.ts';
import type { VerifyLevel } from '../../contract/verify-levels.ts';
import { keepIndexes } from '../../health/keep-index.ts';
import { noteLives } from '../../health/receiver-lives.ts';

/** What to verify. */
export interface VerifyRequest {
  readonly level: VerifyLevel;
  /** @default every target; in a pod of an Indexed Job its share of them */
  readonly target?: string | undefined;
  /** One archive of the target. */
  readonly archive?: string | undefined;
  /** How many of the newest archives of each target are verified at `level`. @default 1 */
  readonly last: number;
}

const unproven = { seconds: 0, ok: false, level: 'quick' } as const;

const unreadable = (target: Target, { store, key, error }: BrokenArchive): Verified => ({
  ...unproven,
  target: target.name,
  store: store.location,
  archive: key,
  tier: 'unknown',
  problem: problemOf(error),
});

/** A store that holds nothing of the target, or cannot be read. */
const noArchive = (target: Target, store: Store, error: unknown): Verified => ({
  ...unproven,
  target: target.name,
  store: store.location,
  archive: '',
  tier: 'none',
  problem: problemOf(error),
});

/** Archives beyond the newest are looked at quickly; a drill leaves them to the daily verification. */
const verifyStore = async (
  app: App,
  target: Target,
  store: Store,
  { level, last }: VerifyRequest,
  found: Verified[],
): Promise<void> => {
  const { archives, broken } = await catalogOf(app, store, target.name);
  const newest = new Set(newestBackups(archives, last));
  if (newest.size === 0 && broken.length === 0)
    throw new BackupError('archive.unknown', `no archive of ${target.name} in ${store.location}`);
  if (level !== 'drill') found.push(...broken.map((entry) => unreadable(target, entry)));
  for (const archive of archives.filter((each) => level !== 'drill' || newest.has(each)))
    found.push(await verifyArchive(app, target, archive, newest.has(archive) ? level : 'quick'));
};

/** Replicas hold the same bytes, which `deep` proves; a drill restores the primary store's. */
const storesFor = (app: App, level: VerifyLevel): readonly Store[] =>
  level === 'drill' ? [app.stores.primary] : allStores(app);

/** Adds each outcome to `found` as it is known. One store that is away does not keep the others from being verified. */
const verifyTarget = async (
  app: App,
  target: Target,
  request: VerifyRequest,
  found: Verified[],
): Promise<void> => {
  const { level, archive } = request;
  if (archive) {
    found.push(await verifyArchive(app, target, await findArchive(app, target.name, archive), level));
    return;
  }
  for (const store of storesFor(app, level))
    await verifyStore(app, target, store, request, found).catch((error: unknown) => {
      if (app.run.signal.aborted) throw error;
      found.push(noArchive(target, store, error));
    });
  if (level === 'drill') await drillInstants(app, target, found);
  else await verifyInstants(app, target, level, found);
  await noteLives(app, target);
};

/** Only the CronJobs, which take all targets, have a deadline. */
const deadlineOf = ({ plan }: App, { level, target }: VerifyRequest): number | undefined => {
  if (target) return undefined;
  return parseDuration(level === 'drill' ? plan.drill.deadline : plan.verification.deadline);
};

/** What verification found, and where it had to stop. */
export interface VerifyOutcome {
  readonly results: readonly Verified[];
  /** Why it ended before everything was verified: the deadline, or SIGTERM. */
  readonly stopped?: BackupError;
  /** Targets that were not verified to their end. */
  readonly notReached: readonly string[];
}

/** Why the run was stopped, if it was: what fails then may well be a tool that was killed. */
const stopOf = ({ run }: App, error: unknown): BackupError | undefined => {
  if (isBackupError(error, 'run.deadline') || isBackupError(error, 'run.interrupted')) return error;
  if (!run.signal.aborted) return undefined;
  const reason = messageOf(run.signal.reason);
  return new BackupError('run.interrupted', `the run was stopped: ${reason}`, { cause: error });
};

/** The target that was asked for, or all of the plan, of which a pod of an Indexed Job has a share. */
export const targetsOf = ({ plan, run }: App, { target }: VerifyRequest): readonly Target[] =>
  target ? [findTarget(plan, target)] : shareOf(plan.targets, run.part);

/** Verifies archives and tells the outcome of each; never throws for a bad archive, nor when it is stopped. */
export const verify = async (app: App, request: VerifyRequest): Promise<VerifyOutcome> => {
  const targets = targetsOf(app, request);
  const deadlineSeconds = deadlineOf(app, request);
  const results: Verified[] = [];
  for (const [index, target] of targets.entries()) {
    const options = {
      command: 'verify',
      target: target.name,
      lock: false,
      deadlineSeconds,
      keepIndexes,
    } as const;
    const figures = { level: request.level };
    const found: Verified[] = [];
    try {
      await recorded(app, { ...options, figures, summarise: () => verifySummary(found) }, (inner) =>
        verifyTarget(inner, target, request, found),
      );
    } catch (error) {
      const stopped = stopOf(app, error);
      if (!stopped) throw error;
      const notReached = targets.slice(index).map(({ name }) => name);
      return { results: [...results, ...found], stopped, notReached };
    }
    results.push(...found);
  }
  return { results, notReached: [] };
};
