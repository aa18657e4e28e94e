import type { Level } from './config.ts';

/** What a run tells people: the part of its record that is of use outside. */
export interface Event {
  /** Tells repetitions of one notification apart from another run's. */
  readonly id: string;
  readonly command: string;
  /** Absent where the run was about all targets. */
  readonly target?: string | undefined;
  readonly level: Level;
  /** One sentence, without secrets. */
  readonly message: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly store?: string | undefined;
  readonly archive?: string | undefined;
  readonly sourceBytes?: number | undefined;
  readonly archiveBytes?: number | undefined;
  readonly warnings: readonly string[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string } | undefined;
}

/** What a channel sends: the event, and where it happened. */
export interface Notice extends Event {
  readonly environment: string;
}

export const secondsOf = ({ startedAt, finishedAt }: Event): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
