/** Durations as the plan writes them, for programs that read a plan. */
export { duration, parseDuration as secondsOf } from '../core/units.ts';
