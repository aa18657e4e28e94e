import { writeManifest } from '../../archives/catalogue.ts';
import { archiveKey, fileName } from '../../archives/layout.ts';
import { addedBytes, wholeBytes } from '../../archives/parts/keys.ts';
import { newestDaily } from '../../archives/facts.ts';
import { hasIncrements } from '../../contract/names.ts';
import { tiersDue } from '../../retention/decision.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import { secondsTaken } from '../../core/times.ts';
import { parseDuration } from '../../core/units.ts';
import { retentionOf } from '../../plan/parse.ts';
import type { Target } from '../../plan/schema.ts';
import { knownOf } from '../../archives/known.ts';
import { engineOf, findTarget, type App } from '../../session/app.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { graceEnd } from '../../archives/orphans.ts';
import { pointNewest } from '../../archives/point-newest.ts';
import { candidateOf, prune } from '../../retention/application.ts';
import { storeRecoveryKit } from './recovery-kit.ts';
import { replicate, type Replicated } from '../../archives/replicate.ts';
import { backupWarnings } from '../../health/warnings.ts';
import type { SealKeys } from '../../archives/seal-keys.ts';
import { takeArchive } from '../../archives/take.ts';
import type { Written } from '../../archives/write.ts';
import type { BackupResult } from './result.ts';
import { backupSummary } from './summary.ts';
import { tierBetween } from './tier.ts';
import { keepIndexes } from '../../health/keep-index.ts';

const copyToTiers = async (
  app: App,
  target: Target,
  { key, manifest }: Written,
): Promise<readonly string[]> => {
  const { primary } = app.stores;
  const { archives } = await knownOf(app, primary, target.name);
  const candidates = archives.map(candidateOf);
  const started = new Date(manifest.startedAt);
  const copies: string[] = [];
  for (const tier of tiersDue(candidates, retentionOf(app.plan, target), started)) {
    throwIfStopped(app.run);
    const copy = archiveKey(target.name, tier, started, manifest);
    await primary.copy(key, copy);
    await writeManifest(primary, copy, { ...manifest, archive: fileName(copy), tier }, app.keys, {
      replace: false,
    });
    copies.push(copy);
  }
  return copies;
};

const replicateAll = async (app: App, target: Target, key: string): Promise<Record<string, Replicated>> => {
  const replicated: Record<string, Replicated> = {};
  for (const replica of app.stores.replicas) {
    throwIfStopped(app.run);
    try {
      replicated[replica.location] = await replicate(app, target.name, replica);
      await replica.removeLeftovers(graceEnd(app)); // afterwards: the copy may have continued one of them
    } catch (error) {
      const code = isBackupError(error) ? error.code : 'store.failed';
      const message = `${key} is committed in ${app.stores.primary.location}, but its copy to ${replica.location} failed: ${messageOf(error)}`;
      throw new BackupError(code, message, { cause: error });
    }
  }
  return replicated;
};

/** How a backup is asked for. */
export interface BackupOptions {
  /** Between those by the schedule. @default false */
  readonly hourly?: boolean;
  /** Keys of the archive, begun earlier. @default begun now */
  readonly newKeys?: Promise<SealKeys>;
}

const tierOf = async (app: App, { name, schedule }: Target): Promise<'daily' | 'hourly'> => {
  const { archives } = await knownOf(app, app.stores.primary, name);
  return tierBetween(schedule, newestDaily(archives)?.manifest.startedAt, app.run.now());
};

const backUp = async (
  app: App,
  target: Target,
  { hourly = false, newKeys }: BackupOptions,
): Promise<BackupResult> => {
  const { run, stores } = app;
  const { name } = target;
  const room = stores.primary.removeLeftovers(graceEnd(app));
  const tier = hourly ? await tierOf(app, target) : 'daily';
  const written = await takeArchive(app, target, tier, room, newKeys).finally(() => room.catch(() => {}));
  const { key, manifest } = written;
  if (tier === 'daily') await pointNewest(app, stores.primary, name, key, manifest);
  const copies = tier === 'daily' ? await copyToTiers(app, target, written) : [];
  const replicated = await replicateAll(app, target, key);
  const pruned = await prune(app, target, { dryRun: false, force: false }); // this backup succeeded: not frozen
  const seconds = secondsTaken(manifest);
  const { sourceBytes, server, fingerprint } = manifest;
  const [archiveBytes, storedBytes] = [wholeBytes(manifest), addedBytes(manifest)];
  run.log.info(
    { target: name, archive: key, sourceBytes, archiveBytes, storedBytes, seconds },
    'backup committed',
  );
  const [warned] = await Promise.all([backupWarnings(app, target), storeRecoveryKit(app)]);
  const problems = Object.values(replicated).flatMap((each) => each.problems);
  for (const problem of problems) run.log.warn({ target: name }, problem);
  const warnings = [...problems, ...warned];
  return {
    target: name,
    store: stores.primary.location,
    archive: key,
    copies,
    sourceBytes,
    archiveBytes,
    storedBytes,
    seconds,
    server,
    fingerprint,
    replicated: Object.fromEntries(Object.entries(replicated).map(([store, { keys }]) => [store, keys])),
    pruned: pruned.filter(({ keep, objects }) => !keep && objects === undefined).map((entry) => entry.key),
    warnings,
  };
};

/** Dumps a target into the primary store, copies it to weekly and monthly where due and to the replicas, and prunes. */
export const backup = async (app: App, name: string, options: BackupOptions = {}): Promise<BackupResult> => {
  const target = findTarget(app.plan, name);
  if (options.hourly && !hasIncrements(target))
    throw new BackupError('usage.invalid', `target ${name} has no increments in the plan`);
  const deadlineSeconds = parseDuration(target.deadline);
  engineOf(target)
    .prepareDump?.()
    .catch(() => {}); // while the lock is taken; what is wrong, the dump says
  return recorded(
    app,
    { command: 'backup', target: name, lock: true, deadlineSeconds, summarise: backupSummary, keepIndexes },
    (inner) => backUp(inner, target, options),
  );
};
