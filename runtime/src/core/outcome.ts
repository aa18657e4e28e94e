import type { BackupError } from './errors.ts';

/** How a command ended: a result may come together with a problem, such as a report on bad archives. */
export interface Outcome<T> {
  /** Absent where there is nothing to print. */
  readonly result?: T;
  readonly problem?: BackupError | undefined;
}
