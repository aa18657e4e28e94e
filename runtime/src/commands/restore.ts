import { authenticate, type Archive } from '../catalog/catalog.ts';
import type { Manifest } from '../catalog/manifest.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import { names } from '../contract/names.ts';
import { parseDuration } from '../core/units.ts';
import type { Engine, Restored, Source } from '../engines/engine.ts';
import type { Target } from '../plan/schema.ts';
import { addressOf, engineOf, findTarget, openSource, type App } from './app.ts';
import { safetyBackup } from './backup.ts';
import { findArchive, readEntries, readThrough } from './read-archive.ts';
import { recorded } from './lifecycle.ts';
import { restoreSummary } from './summaries.ts';
import { restoreRequest, tryRestore } from './trial.ts';

/** What a restore is going to do; `--dry-run` prints it and stops. */
export interface RestorePlan {
  readonly target: string;
  readonly archive: string;
  readonly store: string;
  readonly takenAt: string;
  readonly archiveBytes: number;
  readonly sourceBytes: number;
  /** Where the data goes. */
  readonly into: string;
  readonly mode: 'replace' | 'test';
  /** In words: what becomes of the live data. */
  readonly effect: string;
}

/** Result of a restore, as `--json` prints it. */
export interface RestoreResult extends RestorePlan {
  readonly dryRun: boolean;
  readonly seconds?: number;
  readonly rtoSeconds: number;
  readonly withinRto?: boolean;
  /** True: counted after the restore and found to be what the archive holds. */
  readonly equal?: boolean;
  readonly fingerprint?: Restored['fingerprint'];
  readonly kept?: string;
  readonly undo?: string;
  /** Archive of what was replaced. */
  readonly safetyArchive?: string;
}

export interface RestoreOptions {
  readonly archive?: string | undefined;
  /** Restore into a scratch server or name, compare, and throw it away. */
  readonly test: boolean;
  readonly dryRun: boolean;
  /** Asked unless forced; false refuses. */
  readonly confirm: (plans: readonly RestorePlan[]) => Promise<boolean>;
}

interface Prepared {
  readonly target: Target;
  readonly engine: Engine;
  readonly source: Source;
  readonly archive: Archive;
  readonly manifest: Manifest;
  readonly plan: RestorePlan;
}

const effectOf = (engine: Engine, test: boolean): string => {
  if (test) return 'live data is not touched';
  return engine.restoresBeside
    ? 'restored beside the live data, compared, then swapped; the old data is kept'
    : 'live data is replaced, after a safety backup of it';
};

const prepare = async (app: App, name: string, options: RestoreOptions): Promise<Prepared> => {
  const target = findTarget(app.plan, name);
  const engine = engineOf(target);
  const source = await openSource(app.run, target);
  const archive = await findArchive(app, name, options.archive);
  const manifest = await authenticate(archive, app.keys);
  if (manifest.engine !== target.engine)
    throw new BackupError(
      'restore.refused',
      `archive ${archive.key} holds ${manifest.engine} data, target ${name} is ${target.engine}`,
    );
  const plan: RestorePlan = {
    target: name,
    archive: archive.key,
    store: archive.store.location,
    takenAt: manifest.startedAt,
    archiveBytes: manifest.archiveBytes,
    sourceBytes: manifest.sourceBytes,
    into: options.test ? 'a scratch server, or scratch names where there is none' : addressOf(source),
    mode: options.test ? 'test' : 'replace',
    effect: effectOf(engine, options.test),
  };
  return { target, engine, source, archive, manifest, plan };
};

/** Where an engine cannot restore beside the live data, every byte is proved, and the live data saved, before it goes. */
const saveLiveData = async (app: App, prepared: Prepared): Promise<string | undefined> => {
  const { engine, target, archive, manifest } = prepared;
  if (engine.restoresBeside) return undefined;
  await readThrough(app, archive, manifest);
  try {
    return (await safetyBackup(app, target)).key;
  } catch (error) {
    if (isBackupError(error, 'dump.empty')) return undefined; // all was lost already: nothing to save
    throw new BackupError(
      'restore.refused',
      `no safety backup of ${target.name} could be taken: ${messageOf(error)}`,
      { cause: error },
    );
  }
};

const replaceLive = async (app: App, prepared: Prepared): Promise<Restored & { safetyArchive?: string }> => {
  const { engine, source, archive, manifest, target } = prepared;
  const safetyArchive = await saveLiveData(app, prepared);
  const entries = readEntries(app, archive, manifest, `restore ${target.name}`);
  const restored = await engine.restore(app.run, source, entries, restoreRequest(app, manifest, 'replace'));
  if (!safetyArchive) return restored;
  const undo = `${names.program} restore ${target.name} ${safetyArchive} --force`;
  return { undo, ...restored, safetyArchive };
};

const carryOut = async (app: App, prepared: Prepared): Promise<RestoreResult> => {
  const { source, archive, manifest, plan, target } = prepared;
  const begun = app.run.now().getTime();
  const restored =
    plan.mode === 'replace'
      ? await replaceLive(app, prepared)
      : (await tryRestore(app, archive, manifest, () => Promise.resolve(source))).restored;
  const seconds = (app.run.now().getTime() - begun) / 1000;
  const rtoSeconds = parseDuration(target.rto);
  app.run.log.info(
    { target: target.name, archive: plan.archive, mode: plan.mode, seconds },
    'restored and found equal',
  );
  return {
    ...plan,
    dryRun: false,
    seconds,
    rtoSeconds,
    withinRto: seconds <= rtoSeconds,
    equal: true,
    ...restored,
  };
};

const notDone = ({ plan, target }: Prepared): RestoreResult => ({
  ...plan,
  dryRun: true,
  rtoSeconds: parseDuration(target.rto),
});

/** Restores one target, or all in the plan's order for `full`, after one confirmation. */
export const restore = async (
  app: App,
  name: string,
  options: RestoreOptions,
): Promise<readonly RestoreResult[]> => {
  const names = name === 'full' ? app.plan.targets.map((target) => target.name) : [name];
  const prepared: Prepared[] = [];
  for (const each of names) prepared.push(await prepare(app, each, options));
  if (options.dryRun) return prepared.map(notDone);
  if (!options.test && !(await options.confirm(prepared.map(({ plan }) => plan))))
    throw new BackupError('restore.refused', 'not confirmed');
  const results: RestoreResult[] = [];
  for (const each of prepared) {
    const { target, mode } = each.plan;
    const run = { command: 'restore', target, lock: mode === 'replace', summarise: restoreSummary } as const;
    results.push(await recorded(app, run, (inner) => carryOut(inner, each)));
  }
  return results;
};
