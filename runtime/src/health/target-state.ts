import { findLock, type FoundLock } from '../runs/lock-state.ts';
import { readOnce } from '../store/read-once.ts';
import { listRuns, readRun, type RunRecord, runsOf } from '../runs/records.ts';
import type { Target } from '../plan/schema.ts';
import { listed } from '../store/listed.ts';
import type { StoredObject } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { archiveReader, type KnownArchives } from './archive-reader.ts';
import { storesReader, type StoreState } from './store-state.ts';

/** What is known of a target. */
export interface TargetState extends KnownArchives {
  readonly target: Target;
  /** Objects of the target in the primary store. */
  readonly objects: readonly StoredObject[];
  /** Newest first. */
  readonly runs: readonly RunRecord[];
  /** Absent where the lock was never taken. */
  readonly lock?: FoundLock | undefined;
}

/** Everything that metrics are made of. */
export interface State {
  readonly at: Date;
  readonly targets: readonly TargetState[];
  readonly stores: readonly StoreState[];
}

/**
 * Reads plan and stores. What it costs grows with what is new: manifests and records are remembered until they change, and
 * for each target there are three listings per store and one small object.
 * @throws BackupError `store.*` of the primary store; a replica that is away is part of the state
 */
export const stateReader = (app: App): (() => Promise<State>) => {
  const { primary } = app.stores;
  const archives = archiveReader(app, primary);
  const readStores = storesReader(app);
  const records = readOnce((key, target) => readRun(primary, key, runsOf(app, target)));
  const read = async (target: Target): Promise<TargetState> => {
    const { name } = target;
    const objects = await listed(primary, `${name}/`);
    const runs = [...(await records(name, await listRuns(primary, name))).values()];
    return {
      target,
      objects,
      ...(await archives(name, objects)),
      runs: runs.filter((record) => record !== undefined).toReversed(),
      lock: await findLock(primary, name, app.run.now()),
    };
  };
  return async () => {
    const at = app.run.now();
    const targets: TargetState[] = [];
    for (const target of app.plan.targets) targets.push(await read(target));
    return { at, targets, stores: await readStores(targets, at) };
  };
};
