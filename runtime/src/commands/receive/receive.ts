import { setTimeout as sleep } from 'node:timers/promises';
import { receiverPort } from '../../contract/metrics.ts';
import { isBackupError, messageOf } from '../../core/errors.ts';
import { servingMetrics } from '../../metrics/server.ts';
import { whenFree } from '../../runs/lock-wait.ts';
import { takeLock, underLock } from '../../runs/lock.ts';
import type { App } from '../../session/app.ts';
import { compact } from '../../wal/compaction.ts';
import { hourOf, rewritingLock } from '../../wal/names.ts';
import { placeOf } from '../../wal/place.ts';
import { receive, type Reception } from '../../wal/receive.ts';
import { beginReception } from '../../wal/reception-record.ts';
import { newState } from '../../wal/receiver-state.ts';
import { openLogSource, settingsOf } from '../../wal/settings.ts';
import { receiverSamples } from './samples.ts';

export interface ReceiveOptions {
  /** @default 9188 - next to that of serve */
  readonly port?: number | undefined;
}

/** More than the life of a lock: a pod that was killed leaves one. */
const lockWaitSeconds = 150;

/** An idle database proves its recovery point by it; a few dozen bytes of log. */
const heartbeatMs = 60_000;

/** Does a step again and again until the run is stopped; what fails is only logged, as the log itself matters more. */
const repeat = async ({ run, place }: Reception, what: string, step: () => Promise<void>): Promise<void> => {
  while (!run.signal.aborted) {
    await sleep(heartbeatMs, undefined, { signal: run.signal }).catch(() => {});
    if (run.signal.aborted) return;
    await step().catch((error: unknown) => {
      const level = isBackupError(error, 'lock.held') ? 'info' : 'warn';
      run.log[level]({ target: place.target, problem: messageOf(error) }, `${what} failed`);
    });
  }
};

const beat = async ({ run, log, source, state }: Reception): Promise<void> => {
  if (state.isConnected) await log.heartbeat(run, source);
};

const lookAtSlot = async ({ run, log, source, slot, state }: Reception): Promise<void> => {
  state.slot = await log.slotState(run, source, slot.name);
};

/** Once an hour there is something to compact; looking costs nothing until then. */
const compacting = (reception: Reception): (() => Promise<void>) => {
  let done = '';
  return async () => {
    const { newest } = reception.state;
    const hour = newest && hourOf(new Date(newest.time));
    if (!newest || hour === undefined || hour === done) return;
    const { run, place } = reception;
    const lock = { store: place.store, name: rewritingLock(place.target), command: 'receive' };
    await underLock(run, lock, (locked) => compact(locked, place, newest));
    done = hour;
  };
};

/** Receives a target's log until the run is stopped, and answers for it on a port. @throws BackupError lock.held, log.*, … */
export const receiveTarget = async (app: App, name: string, options: ReceiveOptions = {}): Promise<void> => {
  const { port = receiverPort } = options;
  const { target, ...settings } = settingsOf(app.plan, name);
  const place = placeOf(app, name);
  const state = newState();
  const scraped = {
    environment: app.plan.environment,
    samples: () => receiverSamples(name, state, app.run.now()),
    unready: () => (state.isConnected ? undefined : 'the log does not flow'),
  };
  await servingMetrics(port, scraped, async () => {
    const source = await openLogSource(app.run, target);
    const lock = await whenFree(app.run, name, lockWaitSeconds, () =>
      takeLock(app.run, place.store, `${name}.wal`, 'receive'),
    );
    const run = { ...app.run, signal: AbortSignal.any([app.run.signal, lock.lost]) };
    const reception = { ...settings, run, place, source, state };
    const record = await beginReception(app.run, place, state);
    state.tell = record.tell;
    try {
      await Promise.all([
        receive(reception),
        repeat(reception, 'the heartbeat', () => beat(reception)),
        repeat(reception, 'the look at the slot', () => lookAtSlot(reception)),
        repeat(reception, 'the compaction', compacting(reception)),
      ]);
      if (lock.lost.aborted) throw lock.lost.reason;
      await record.end(undefined);
    } catch (error) {
      await record.end(error);
      throw error;
    } finally {
      await lock.release();
    }
  });
};
