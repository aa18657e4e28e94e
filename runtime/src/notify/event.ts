import { failures, type FailureCode } from '../core/errors.ts';
import type { Level } from './config.ts';

/** Outcome of a run, as runs/records.ts records it. */
export interface Event {
  readonly command: string;
  readonly target: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly ok: boolean;
  /** Absent where `ok`; the message holds no secret. */
  readonly failure?: { readonly code: string; readonly message: string } | undefined;
  /** Key figures, such as `archive`, `archiveBytes`, `sourceBytes`. */
  readonly figures: Readonly<Record<string, string | number | boolean>>;
  /** What somebody should look at although the run went well. */
  readonly warnings?: readonly string[] | undefined;
}

/** What a channel sends: the event, and where it happened. */
export interface Notice extends Event {
  /** Tells repetitions of one notification apart from another one. */
  readonly id: string;
  readonly environment: string;
  readonly level: Level;
  readonly warnings: readonly string[];
}

export const levelOf = ({ ok, warnings = [] }: Event): Level => {
  if (!ok) return 'error';
  return warnings.length > 0 ? 'warning' : 'success';
};

/** A figure that is a count of something. */
export const numberOf = ({ figures }: Event, name: string): number | undefined => {
  const value = figures[name];
  return typeof value === 'number' ? value : undefined;
};

/** A figure that is a name of something. */
export const textOf = ({ figures }: Event, name: string): string | undefined => {
  const value = figures[name];
  return typeof value === 'string' ? value : undefined;
};

const isFailureCode = (code: string): code is FailureCode => code in failures;

/** What the reader of a failure can do next. */
export const hintOf = ({ failure }: Event): string | undefined =>
  failure && isFailureCode(failure.code) ? failures[failure.code].hint : undefined;
