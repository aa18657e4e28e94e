import { hostname } from 'node:os';
import { appendAudit, type AuditEvent } from './audit.ts';
import { prepareSignatures } from '../crypto/signature.ts';
import { takeLock, type HeldLock } from './lock.ts';
import { lockWaitSeconds, whenFree } from './lock-wait.ts';
import { amendRun, writeRun, type Figures, type RecordedCommand, type RunRecord } from './records.ts';
import { exitCodes } from '../contract/exit-codes.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import { notify } from '../notify/notify.ts';
import { withinMs } from '../store/stoppable-store.ts';
import type { Store } from '../store/store.ts';
import { stoppableApp, type App } from '../session/app.ts';
import { startDeadline, type Deadline } from './deadline.ts';
import { pushRun } from './push.ts';

/** What a run's result says about it. */
export interface Summary {
  readonly figures: Figures;
  /** The run came to its end, and found something wrong: bad archives, for instance. */
  readonly problem?: BackupError | undefined;
  /** Something to look at in a run that succeeded; no secrets. */
  readonly warnings?: readonly string[] | undefined;
}

export interface Recorded<T> {
  readonly command: RecordedCommand;
  readonly target: string;
  /** True for what changes archives or data of the target. */
  readonly lock: boolean;
  /** Name of the lock. @default the target: runs that change the same things wait for each other */
  readonly lockName?: string;
  /** Frees space where the store is too full for the lock; false where there is nothing to free. @default the run fails */
  readonly makeRoom?: (app: App) => Promise<boolean>;
  /** activeDeadlineSeconds of the Job, of which a quarter may go by for a held lock; absent for runs that no Job starts. */
  readonly deadlineSeconds?: number | undefined;
  /** What is known of the run before it begins, so that a failure tells it too. @default nothing */
  readonly figures?: Figures;
  readonly summarise: (result: T) => Summary;
  /** Keeps what is known of a target in its stores, last, as it holds the record too. Never throws. */
  readonly keepIndexes: (app: App, target: string) => Promise<void>;
}

interface Guards {
  readonly lock: HeldLock | undefined;
  readonly deadline: Deadline;
}

/** The reason to stop wins over the errors that stopping brings with it. */
const reasonOf = ({ run }: App, { lock, deadline }: Guards, error: unknown): unknown => {
  for (const signal of [lock?.lost, deadline.signal])
    if (signal?.aborted) {
      const { code, message } = signal.reason as BackupError;
      return new BackupError(code, message, { cause: error });
    }
  if (run.signal.aborted && !isBackupError(error))
    return new BackupError('run.interrupted', `the run was stopped: ${messageOf(run.signal.reason)}`, {
      cause: error,
    });
  return error;
};

/** Each time something goes, so this is far more than a lock needs. */
const mostRooms = 100;

/** Takes the lock, if need be after room was made for it: no run works meanwhile, as none could take the lock either. */
const takeWithRoom = async (
  app: App,
  {
    command,
    target,
    lockName = target,
    makeRoom,
    deadlineSeconds,
  }: Pick<Recorded<unknown>, 'command' | 'target' | 'lockName' | 'makeRoom' | 'deadlineSeconds'>,
): Promise<HeldLock> => {
  const take = () =>
    whenFree(app.run, lockName, lockWaitSeconds(deadlineSeconds), () =>
      takeLock(app.run, app.stores.primary, lockName, command),
    );
  for (let rooms = 0; ; rooms++)
    try {
      return await take();
    } catch (error) {
      if (!isBackupError(error, 'store.full') || rooms >= mostRooms || !(await makeRoom?.(app))) throw error;
    }
};

/** The deadline runs before the lock is asked for, and what waits for a store stops with it: one that hangs must not outlast it. */
const guarded = async <T>(app: App, options: Recorded<T>, body: (app: App) => Promise<T>): Promise<T> => {
  const { run } = app;
  const deadline = startDeadline(options.deadlineSeconds);
  const signal = AbortSignal.any([run.signal, deadline.signal]);
  let lock: HeldLock | undefined;
  try {
    lock = options.lock ? await takeWithRoom({ ...app, run: { ...run, signal } }, options) : undefined;
    const guard = lock ? AbortSignal.any([signal, lock.lost]) : signal;
    return await body(stoppableApp({ ...app, run: { ...run, signal: guard } }));
  } catch (error) {
    throw reasonOf(app, { lock, deadline }, error);
  } finally {
    deadline.clear();
    await lock?.release();
  }
};

const failureOf = (error: unknown): Pick<RunRecord, 'failure' | 'exitCode'> => {
  const known = isBackupError(error);
  const failure = { code: known ? error.code : 'unexpected', message: messageOf(error) };
  return { failure, exitCode: known ? error.exitCode : exitCodes.unexpected };
};

/** Whatever cannot be written down is logged: it must not hide what the run itself says. */
const attempt = async ({ run }: App, what: string, step: () => Promise<unknown>): Promise<void> => {
  await step().catch((error: unknown) =>
    run.log.error({ problem: messageOf(error) }, `${what} could not be written`),
  );
};

const auditEvent = ({ finishedAt: at, failure, ...record }: RunRecord): AuditEvent => ({
  at,
  host: hostname(),
  command: record.command,
  target: record.target,
  ok: record.ok,
  environment: record.environment,
  figures: record.figures,
  ...(failure && { failure: failure.code }),
});

type Begun = Pick<RunRecord, 'command' | 'target' | 'startedAt'>;

/** Longest that a run's end waits for a store that does not answer: less than the margin of a deadline. */
const concludeMs = 20_000;

const conclude = async (
  app: App,
  begun: Begun,
  keepIndexes: Recorded<unknown>['keepIndexes'],
  { figures, problem, warnings = [] }: Omit<Summary, 'problem'> & { readonly problem?: unknown },
): Promise<void> => {
  const { run } = app;
  const primary = withinMs(app.stores.primary, concludeMs);
  const record: RunRecord = {
    format: 1,
    ...begun,
    finishedAt: run.now().toISOString(),
    ok: problem === undefined,
    exitCode: exitCodes.ok,
    ...(problem !== undefined && failureOf(problem)),
    figures,
    environment: app.plan.environment,
    ...(warnings.length > 0 && { warnings: [...warnings] }),
  };
  const id = run.randomBytes(3).toString('hex');
  const writing = 'the record of the run';
  await attempt(app, writing, () => writeRun(primary, app.keys, record, id));
  await attempt(app, 'the audit trail', () => appendAudit(primary, app.keys, auditEvent(record)));
  const [outcomes] = await Promise.all([notify(app, record), pushRun(app, record)]);
  const late = withinMs(app.stores.primary, concludeMs);
  if (outcomes.length > 0) {
    const notified = Object.fromEntries(outcomes.map(({ channel, ok }) => [channel, ok]));
    await attempt(app, writing, () => amendRun(late, app.keys, { ...record, notified }, id));
  }
  await indexed(app, begun.target, keepIndexes);
};

/** A run that is stopped leaves it: the next one catches up. */
const indexed = async (
  app: App,
  target: string,
  keepIndexes: Recorded<unknown>['keepIndexes'],
): Promise<void> => {
  if (app.run.signal.aborted) return;
  const { primary, replicas } = app.stores;
  const within = (store: Store): Store => withinMs(store, concludeMs);
  await keepIndexes({ ...app, stores: { primary: within(primary), replicas: replicas.map(within) } }, target);
};

const begin = ({ run }: App, { command, target }: Pick<Recorded<unknown>, 'command' | 'target'>): Begun => ({
  command,
  target,
  startedAt: run.now().toISOString(),
});

/** A step before a run proper, such as finding its archive: where it fails, that is told as the failure of the run. */
export const failureRecorded = async <T>(
  app: App,
  options: Pick<Recorded<T>, 'command' | 'target' | 'figures' | 'keepIndexes'>,
  step: () => Promise<T>,
): Promise<T> => {
  const begun = begin(app, options);
  return step().catch(async (error: unknown) => {
    await conclude(app, begun, options.keepIndexes, { figures: options.figures ?? {}, problem: error });
    throw error;
  });
};

/**
 * Runs a command on a target under its lock and deadline, and tells what became of it: a record in the primary store, an
 * entry in the audit trail, and notifications. None of these can fail the run.
 * @throws what `body` throws; BackupError `lock.held`, `lock.lost`, `run.deadline`, `run.interrupted`
 */
export const recorded = async <T>(
  app: App,
  options: Recorded<T>,
  body: (app: App) => Promise<T>,
): Promise<T> => {
  const { figures = {}, summarise } = options;
  prepareSignatures(app.keys);
  const begun = begin(app, options);
  const result = await failureRecorded(app, options, () => guarded(app, options, body));
  const summary = summarise(result);
  await conclude(app, begun, options.keepIndexes, {
    ...summary,
    figures: { ...figures, ...summary.figures },
  });
  return result;
};
