import type { TargetStatus } from '../../commands/status/result.ts';
import { formatSeconds } from '../../core/units.ts';

/** How long the last drill took, against the objective. */
export const howFast = ({ lastDrill, rtoSeconds }: TargetStatus): string =>
  lastDrill?.seconds === undefined
    ? `not measured, objective ${formatSeconds(rtoSeconds)}`
    : `${formatSeconds(lastDrill.seconds)} of ${formatSeconds(rtoSeconds)}`;
