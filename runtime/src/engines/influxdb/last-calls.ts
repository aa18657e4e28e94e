import type { RunContext } from '../../core/context.ts';

/** Time for all calls that put a server right after a failure; each takes well under a second. */
const lastCallsMs = 60_000;

/** A context for what has to be put right although the run was stopped: its signal would end these calls at once. */
export const lastCalls = (context: RunContext): RunContext => ({
  ...context,
  signal: AbortSignal.timeout(lastCallsMs),
});
