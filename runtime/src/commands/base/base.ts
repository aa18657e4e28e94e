import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import { secondsTaken } from '../../core/times.ts';
import { parseDuration } from '../../core/units.ts';
import type { BaseWork } from '../../engines/engine-base.ts';
import type { Target } from '../../plan/schema.ts';
import { runsStateReader } from '../../health/runs-state.ts';
import { logFrozenBy } from '../../retention/frozen.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { addressOf, engineOf, type App } from '../../session/app.ts';
import { copyBase, writeBase, type Base } from '../../wal/bases.ts';
import { pruneLog } from '../../wal/prune.ts';
import { openLogSource, settingsOf } from '../../wal/settings.ts';
import type { BaseResult } from './result.ts';
import { baseSummary } from './summary.ts';
import { keepIndexes } from '../../health/keep-index.ts';

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

const take = async (app: App, { target, bases }: Planned): Promise<Base> => {
  const source = await openLogSource(app.run, target);
  app.run.log.info({ target: target.name, source: addressOf(source) }, 'base started');
  const dump = await bases.base(app.run, source);
  try {
    return await writeBase(app, target, dump);
  } finally {
    await dump.close();
  }
};

/** The base is committed whatever becomes of its copies: the failure of one says so. */
const replicate = async (app: App, base: Base): Promise<readonly string[]> => {
  for (const replica of app.stores.replicas) {
    throwIfStopped(app.run);
    await copyBase(app, base, replica).catch((error: unknown) => {
      throw new BackupError(
        isBackupError(error) ? error.code : 'store.failed',
        `${base.key} is committed in ${base.store.location}, but its copy to ${replica.location} failed: ${messageOf(error)}`,
        { cause: error },
      );
    });
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

const takeAndCopy = async (app: App, planned: Planned): Promise<BaseResult> => {
  const base = await take(app, planned);
  const replicated = await replicate(app, base);
  const pruned = await prune(app, planned.target);
  const { store, key, manifest } = base;
  const { target, sourceBytes, archiveBytes, server } = manifest;
  const { systemIdentifier, timeline, startLsn, redoLsn, endLsn, checksums } = manifest.base;
  const seconds = secondsTaken(manifest);
  app.run.log.info({ target, archive: key, sourceBytes, archiveBytes, seconds }, 'base committed');
  return {
    target,
    store: store.location,
    archive: key,
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

/** Copies a server into the primary store, and that to the replicas, under a lock that no nightly backup waits for. */
export const takeBase = async (app: App, name: string): Promise<BaseResult> => {
  const planned = plannedOf(app, name);
  return recorded(
    app,
    {
      command: 'base',
      keepIndexes,
      target: name,
      lock: true,
      lockName: `${name}.base`,
      deadlineSeconds: parseDuration(planned.deadline),
      summarise: baseSummary,
    },
    (inner) => takeAndCopy(inner, planned),
  );
};
