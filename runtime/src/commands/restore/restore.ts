import { writeUndo } from '../../runs/undo-notes.ts';
import { nameOf } from '../../cluster/scale.ts';
import { names } from '../../contract/names.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { shell } from '../../core/shell.ts';
import { parseDuration } from '../../core/units.ts';
import type { Replaced, Restored } from '../../engines/engine.ts';
import { findTarget, type App } from '../../session/app.ts';
import { takeArchive } from '../../archives/take.ts';
import { failureRecorded, recorded } from '../../runs/recorded-run.ts';
import type { Restorable } from '../../archives/restorable.ts';
import { prepare, type Prepared, type RestoreOptions } from './plan.ts';
import type { RestoreResult } from './result.ts';
import type { ServiceState } from '../../services/service-state.ts';
import { whileStopped } from '../../services/stop-services.ts';
import { restoreSummary } from './summary.ts';
import { restoreRequest } from '../../archives/restore-request.ts';
import { tryRestore } from '../../archives/scratch-restore.ts';
import { mustExist } from '../../core/must-exist.ts';
import { keepIndexes } from '../../health/keep-index.ts';

/** Where an engine cannot restore beside the live data, every byte is proved, and the live data saved, before it goes. */
const saveLiveData = async (app: App, prepared: Prepared): Promise<string | undefined> => {
  const { engine, target, subject, scope } = prepared;
  if (engine.restoresBeside || scope.into) return undefined;
  await subject.prove?.(app);
  try {
    return (await takeArchive(app, target, 'safety')).key;
  } catch (error) {
    if (isBackupError(error, 'dump.empty')) return undefined; // all was lost already: nothing to save
    throw new BackupError(
      'restore.refused',
      `no safety backup of ${target.name} could be taken: ${messageOf(error)}`,
      { cause: error },
    );
  }
};

/** Only what was replaced comes back: what others wrote elsewhere meanwhile stays. */
const undoOf = ({ target, scope }: Prepared, safetyArchive: string): string => {
  const parts = scope.only?.map((part) => ` ${shell(part)}`).join('') ?? '';
  const only = parts && ` --only${parts}`;
  return `${names.program} restore ${target.name} ${safetyArchive}${only} --force`;
};

/** A store that is away does not keep a restore from its end: then the log has the way back. */
const rememberUndo = async (
  { run, stores }: App,
  { target, plan }: Prepared,
  { kept, undo }: Replaced,
  suffix: string,
): Promise<void> => {
  if (kept === undefined || undo === undefined) return;
  run.log.info(
    { target: target.name, kept, undo },
    'the live data is about to be renamed; this command brings it back',
  );
  const note = { target: target.name, archive: plan.archive, writtenAt: run.now().toISOString(), kept, undo };
  await writeUndo(stores.primary, { format: 1, ...note }, suffix).catch((error: unknown) =>
    run.log.error({ problem: messageOf(error) }, 'the undo command could not be written to the store'),
  );
};

const replaceLive = async (
  app: App,
  prepared: Prepared,
  data: Restorable,
): Promise<Restored & { safetyArchive?: string }> => {
  const { engine, source, target, scope } = prepared;
  await engine.recover?.(app.run, source);
  const safetyArchive = await saveLiveData(app, prepared);
  const entries = data.open(`restore ${target.name}`);
  const request = restoreRequest(app, data, 'replace', scope);
  const beforeSwap = (replaced: Replaced) => rememberUndo(app, prepared, replaced, request.suffix);
  const restored = await engine.restore(app.run, source, entries, { ...request, beforeSwap });
  return safetyArchive ? { undo: undoOf(prepared, safetyArchive), ...restored, safetyArchive } : restored;
};

const trialOf = ({ source, scope }: Prepared) => ({ ...scope, account: source.credentials['username'] });

/** Makes ready what is restored, and restores it. */
const restoreReady = async (
  app: App,
  prepared: Prepared,
): Promise<Restored & Pick<RestoreResult, 'safetyArchive' | 'lastCommit'>> => {
  const { source, plan, subject } = prepared;
  const { data, lastCommit, close } = await subject.ready(app);
  try {
    const restored =
      plan.mode === 'replace'
        ? await replaceLive(app, prepared, data)
        : (await tryRestore(app, data, () => Promise.resolve(source), trialOf(prepared))).restored;
    return { ...restored, ...(lastCommit && { lastCommit: lastCommit.toISOString() }) };
  } finally {
    await close();
  }
};

/** No server is touched, so nothing can be compared yet. */
const writeDirectory = async (app: App, { plan, target, subject }: Prepared): Promise<RestoreResult> => {
  const begun = app.run.now().getTime();
  await subject.write?.(app, plan.into);
  const seconds = (app.run.now().getTime() - begun) / 1000;
  const rtoSeconds = parseDuration(target.rto);
  app.run.log.info({ target: target.name, folder: plan.into, seconds }, 'data directory written');
  return { ...plan, dryRun: false, seconds, rtoSeconds, withinRto: seconds <= rtoSeconds };
};

const carryOut = async (app: App, prepared: Prepared): Promise<RestoreResult> => {
  const { plan, target } = prepared;
  if (plan.mode === 'directory') return writeDirectory(app, prepared);
  const begun = app.run.now().getTime();
  const restored = await restoreReady(app, prepared);
  const seconds = (app.run.now().getTime() - begun) / 1000;
  const rtoSeconds = parseDuration(target.rto);
  const { accepted = [] } = restored;
  const equal = accepted.length === 0;
  app.run.log.info(
    { target: target.name, archive: plan.archive, mode: plan.mode, seconds, ...(!equal && { accepted }) },
    equal ? 'restored and found equal' : 'restored with differences that were accepted',
  );
  return {
    ...plan,
    dryRun: false,
    seconds,
    rtoSeconds,
    withinRto: seconds <= rtoSeconds,
    equal,
    ...restored,
  };
};

const notDone = ({ plan, target }: Prepared): RestoreResult => ({
  ...plan,
  dryRun: true,
  rtoSeconds: parseDuration(target.rto),
});

const runOne = (app: App, prepared: Prepared): Promise<RestoreResult> => {
  const { target, mode } = prepared.plan;
  const options = {
    command: 'restore',
    target,
    lock: mode === 'replace',
    summarise: restoreSummary,
    keepIndexes,
  } as const;
  return recorded(app, options, (inner) => carryOut(inner, prepared));
};

/** What became of the targets of a restore. */
export interface RestoreOutcome {
  readonly results: readonly RestoreResult[];
  /** The first failure ends it: later targets may build on earlier ones. */
  readonly failed?: { readonly target: string; readonly error: unknown };
  readonly notBegun: readonly string[];
  /** Services that could not be started again. */
  readonly servicesDown: readonly string[];
}

const runAll = async (app: App, all: readonly Prepared[]): Promise<Omit<RestoreOutcome, 'servicesDown'>> => {
  const results: RestoreResult[] = [];
  for (const [index, prepared] of all.entries())
    try {
      results.push(await runOne(app, prepared));
    } catch (error) {
      const notBegun = all.slice(index + 1).map(({ plan }) => plan.target);
      return { results, failed: { target: prepared.plan.target, error }, notBegun };
    }
  return { results, notBegun: [] };
};

/** Services of all targets, each once. @throws BackupError `usage.invalid` where there is none to stop */
const servicesToStop = (all: readonly Prepared[]): readonly ServiceState[] => {
  const services = new Map(
    all.flatMap(({ plan }) => plan.services ?? []).map((each) => [nameOf(each), each]),
  );
  if (services.size > 0) return [...services.values()];
  const targets = all.map(({ plan }) => plan.target).join(', ');
  throw new BackupError('usage.invalid', `the plan names no services of ${targets} to stop`);
};

/** What cannot be restored leaves a record as a restore that failed later does; a dry run leaves none. */
const prepareRecorded = (
  app: App,
  name: string,
  options: RestoreOptions,
  alone: boolean,
): Promise<Prepared> => {
  const { name: target } = findTarget(app.plan, name);
  const step = () => prepare(app, target, options, alone);
  return options.dryRun ? step() : failureRecorded(app, { command: 'restore', target, keepIndexes }, step);
};

/** Restores targets in the order given, after one confirmation. @throws BackupError before the first one began */
export const restore = async (
  app: App,
  targets: readonly string[],
  options: RestoreOptions,
): Promise<RestoreOutcome> => {
  const prepared: Prepared[] = [];
  for (const target of targets)
    prepared.push(await prepareRecorded(app, target, options, targets.length === 1));
  const services = options.stopServices ? servicesToStop(prepared) : [];
  if (options.dryRun) return { results: prepared.map(notDone), notBegun: [], servicesDown: [] };
  const isLive = !options.test && options.dataDirectory === undefined;
  if (isLive && !(await options.confirm(prepared.map(({ plan }) => plan))))
    throw new BackupError('restore.refused', 'not confirmed');
  // what throws is the stopping of services: then not even the first target was begun
  const first = {
    command: 'restore',
    target: mustExist(prepared[0], 'target to restore').plan.target,
    keepIndexes,
  } as const;
  const { result, down } = await failureRecorded(app, first, () =>
    whileStopped(app, services, (inner) => runAll(inner, prepared)),
  );
  return { ...result, servicesDown: down };
};
