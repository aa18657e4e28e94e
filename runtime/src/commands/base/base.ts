import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import type { DumpEntry } from '../../core/entries.ts';
import { mustExist } from '../../core/must-exist.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import { secondsSince } from '../../core/times.ts';
import { parseDuration } from '../../core/units.ts';
import type { BaseWork } from '../../engines/engine-base.ts';
import type { Target } from '../../plan/schema.ts';
import { runsStateReader } from '../../health/runs-state.ts';
import { logFrozenBy } from '../../retention/frozen.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { addressOf, engineOf, type App } from '../../session/app.ts';
import type { Store } from '../../store/store.ts';
import {
  allBases,
  baseEntries,
  baseLock,
  copyBase,
  notCopied,
  readBases,
  verifyBase,
  writeBase,
  type Base,
  type WholeBase,
} from '../../wal/bases.ts';
import { pruneLog } from '../../wal/prune.ts';
import { rollBase } from '../../wal/roll.ts';
import { openLogSource, settingsOf } from '../../wal/settings.ts';
import type { BaseOrigin } from '../../contract/base-origins.ts';
import type { BaseResult } from './result.ts';
import { baseSummary } from './summary.ts';
import { keepIndexes } from '../../health/keep-index.ts';
import { noteLives } from '../../health/receiver-lives.ts';

/** A target of which bases are taken. */
interface Planned {
  readonly target: Target;
  readonly bases: BaseWork;
  readonly deadline: string;
}

/** @throws BackupError target.unknown, usage.invalid */
const plannedOf = ({ plan }: App, name: string): Planned => {
  const { target } = settingsOf(plan, name);
  const pointInTime = mustExist(target.pointInTime, 'pointInTime of a target whose log is kept');
  const bases = mustExist(engineOf(target).bases, 'bases of an engine with a log');
  return { target, bases, deadline: pointInTime.base.deadline };
};

/** What was made, and why not as the plan has it. */
interface Made {
  readonly base: Base;
  readonly notRolled?: string;
  readonly notIncremental?: string;
}

/** Entries of a base that an increment is to go on from; what it is made of is looked at first. @throws BackupError archive.* */
async function* provenEntries(app: App, base: WholeBase): AsyncGenerator<DumpEntry> {
  for (const layer of base.before) await verifyBase(app, { ...layer, before: [] }, 'quick');
  yield* baseEntries(app, base, `base ${base.manifest.target}`);
}

/** @param before what changed since it is enough. @default all is copied */
const take = async (app: App, { target, bases }: Planned, before?: WholeBase): Promise<Made> => {
  const source = await openLogSource(app.run, target);
  app.run.log.info({ target: target.name, source: addressOf(source) }, 'base started');
  const dump = await bases.base(app.run, source, before && provenEntries(app, before));
  const { isIncrement, whyWhole } = dump;
  try {
    const making =
      before && isIncrement ? ({ kind: 'increment', of: before.manifest.id } as const) : undefined;
    if (whyWhole !== undefined)
      app.run.log.warn({ target: target.name, problem: whyWhole }, 'no increment: all is copied');
    const base = await writeBase(app, target, dump, making);
    return { base, ...(whyWhole !== undefined && { notIncremental: whyWhole }) };
  } finally {
    await dump.close();
  }
};

/** The newest base, where what changed since it is enough by the plan: the whole one that it goes on from is young enough. */
const incrementable = async (app: App, { name, pointInTime }: Target): Promise<WholeBase | undefined> => {
  if (!pointInTime || pointInTime.base.roll !== undefined) return undefined;
  const [newest] = await allBases(app, name);
  if (!newest) return undefined;
  const { manifest } = newest.before[0] ?? newest;
  const ageSeconds = secondsSince(manifest.finishedAt, app.run.now());
  return ageSeconds < parseDuration(pointInTime.base.increments) ? newest : undefined;
};

/** Whether the plan rolls now: the last copy of the server is young enough. */
const isRolledNow = async (app: App, { name, pointInTime }: Target): Promise<boolean> => {
  const roll = pointInTime?.base.roll;
  if (roll === undefined) return false;
  const { bases } = await readBases(app, app.stores.primary, name);
  const copy = bases.findLast(({ manifest }) => manifest.base.kind === 'base');
  return copy !== undefined && secondsSince(copy.manifest.finishedAt, app.run.now()) < parseDuration(roll);
};

/** Failures that say that a base cannot be rolled, after which a copy of the server puts all right. */
const isUnrollable = (error: unknown): error is BackupError =>
  isBackupError(error) &&
  (/^(log|archive|manifest|dump)\./.test(error.code) ||
    ['drill.unavailable', 'restore.failed', 'usage.invalid'].includes(error.code));

/** A base by the plan is rolled where it can be; one that was asked to be is, or it fails. */
const make = async (app: App, planned: Planned, from: BaseOrigin | undefined): Promise<Made> => {
  const { target } = planned;
  const rolls = from === undefined ? await isRolledNow(app, target) : from === 'log';
  if (!rolls) return take(app, planned, from === undefined ? await incrementable(app, target) : undefined);
  try {
    return { base: await rollBase(app, target) };
  } catch (error) {
    if (from === 'log' || app.run.signal.aborted || !isUnrollable(error)) throw error;
    app.run.log.warn({ target: target.name, problem: error.message }, 'not rolled: the server is copied');
    return { ...(await take(app, planned)), notRolled: error.message };
  }
};

/** A base is committed whatever becomes of its copies: the failure of one says so. */
const copy = (app: App, base: Base, replica: Store): Promise<void> =>
  copyBase(app, base, replica).catch((error: unknown) => {
    throw new BackupError(
      isBackupError(error) ? error.code : 'store.failed',
      `${base.key} is committed in ${base.store.location}, but its copy to ${replica.location} failed: ${messageOf(error)}`,
      { cause: error },
    );
  });

/** Copies the base, and then those that an earlier run could not copy, the newest first. */
const replicate = async (app: App, { manifest }: Base): Promise<readonly string[]> => {
  const { bases } = await readBases(app, app.stores.primary, manifest.target);
  for (const replica of app.stores.replicas)
    for (const base of await notCopied(bases.toReversed(), manifest.target, replica)) {
      throwIfStopped(app.run);
      await copy(app, base, replica);
    }
  return app.stores.replicas.map(({ location }) => location);
};

/** This base succeeded, so that only a drill that failed holds retention up. */
const prune = async (app: App, target: Target): Promise<BaseResult['pruned']> => {
  const { lastRuns } = await runsStateReader(app)(target, app.run.now());
  const frozen = logFrozenBy(new Map(lastRuns.filter(([command]) => command !== 'base')));
  const pruned = await pruneLog(app, target, { dryRun: false, frozen });
  return pruned.filter(({ keep }) => !keep).map(({ key, objects }) => ({ key, ...(objects && { objects }) }));
};

const takeAndCopy = async (app: App, planned: Planned, from: BaseOrigin | undefined): Promise<BaseResult> => {
  const begun = performance.now();
  const { base, notRolled, notIncremental } = await make(app, planned, from);
  const replicated = await replicate(app, base);
  const pruned = await prune(app, planned.target);
  await noteLives(app, planned.target);
  const { store, key, manifest } = base;
  const { target, sourceBytes, archiveBytes, server } = manifest;
  const { kind, systemIdentifier, timeline, startLsn, redoLsn, endLsn, checksums, rolledFrom, incrementOf } =
    manifest.base;
  const seconds = (performance.now() - begun) / 1000;
  app.run.log.info({ target, archive: key, kind, sourceBytes, archiveBytes, seconds }, 'base committed');
  return {
    target,
    store: store.location,
    archive: key,
    kind,
    ...(rolledFrom !== undefined && { rolledFrom }),
    ...(notRolled !== undefined && { notRolled }),
    ...(incrementOf !== undefined && { incrementOf }),
    ...(notIncremental !== undefined && { notIncremental }),
    sourceBytes,
    archiveBytes,
    seconds,
    server,
    systemIdentifier,
    timeline,
    startLsn,
    redoLsn,
    endLsn,
    checksums,
    replicated,
    pruned,
  };
};

/**
 * Makes a base in the primary store, and copies it to the replicas, under a lock that no nightly backup waits for.
 * @param from undefined for what the plan says
 */
export const takeBase = async (app: App, name: string, from?: BaseOrigin): Promise<BaseResult> => {
  const planned = plannedOf(app, name);
  return recorded(
    app,
    {
      command: 'base',
      keepIndexes,
      target: name,
      lock: true,
      lockName: baseLock(name),
      deadlineSeconds: parseDuration(planned.deadline),
      summarise: baseSummary,
    },
    (inner) => takeAndCopy(inner, planned, from),
  );
};
