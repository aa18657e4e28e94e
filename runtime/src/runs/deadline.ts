import { BackupError } from '../core/errors.ts';
import { formatSeconds } from '../core/units.ts';

/** Time to clean up and report before Kubernetes ends the Job; a tenth of shorter deadlines. */
const marginSeconds = 30;

/** Longest delay of a timer. */
const maxDelayMs = 2 ** 31 - 1;

/** When a run is to stop by itself. */
export interface Deadline {
  /** Aborts with a BackupError `run.deadline` as its reason. */
  readonly signal: AbortSignal;
  readonly clear: () => void;
}

/**
 * Starts the clock of a run whose Job has `activeDeadlineSeconds`: it aborts 30 s before. Counted from the start of this
 * process; where an earlier pod of the same Job used up time, the Job's SIGTERM comes first and says `run.interrupted`.
 * @param seconds none for a run that may take as long as it likes
 */
export const startDeadline = (seconds: number | undefined): Deadline => {
  const controller = new AbortController();
  if (seconds === undefined) return { signal: controller.signal, clear: () => {} };
  const usableSeconds = seconds - Math.min(marginSeconds, seconds / 10);
  const stop = (): void =>
    controller.abort(
      new BackupError(
        'run.deadline',
        `stopped after ${formatSeconds(usableSeconds)}, shortly before the deadline of ${formatSeconds(seconds)}`,
      ),
    );
  const delayMs = Math.min(Math.max(usableSeconds - process.uptime(), 0) * 1000, maxDelayMs);
  const timer = setTimeout(stop, delayMs);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
};
