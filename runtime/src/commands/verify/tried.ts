import { isBackupError, messageOf } from '../../core/errors.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import type { App } from '../../session/app.ts';
import type { Verified } from './result.ts';

/** Why something did not pass. */
export const problemOf = (error: unknown): NonNullable<Verified['problem']> => ({
  code: isBackupError(error) ? error.code : 'unexpected',
  message: messageOf(error),
});

/** Tries something, and says how it went; throws only when the run is stopped. */
export const tried = async (
  app: App,
  about: Omit<Verified, 'seconds' | 'ok' | 'problem'>,
  work: () => Promise<Partial<Verified> | void>,
): Promise<Verified> => {
  throwIfStopped(app.run);
  const begun = app.run.now().getTime();
  const outcome = await work().then(
    (found) => ({ ok: true, ...found }),
    (error: unknown) => {
      if (app.run.signal.aborted) throw error;
      return { ok: false, problem: problemOf(error) };
    },
  );
  return { ...about, seconds: (app.run.now().getTime() - begun) / 1000, ...outcome };
};
