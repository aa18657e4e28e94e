import { incrementsOf } from './increments.ts';
import { spread } from './spread.ts';

/** A target as far as its times go. */
type Scheduled = Parameters<typeof incrementsOf>[0] & { readonly name: string; readonly schedule: string };

/** Targets with the times at which they run. */
export const spreadTargets = <T extends Scheduled>(targets: readonly T[]): T[] =>
  targets.map((target) => {
    const increments = incrementsOf(target);
    return {
      ...target,
      schedule: spread(target.schedule, target.name),
      ...(increments && {
        increments: { ...increments, schedule: spread(increments.schedule, target.name) },
      }),
    };
  });
