import type { TargetStatus } from '../../commands/status/result.ts';
import { formatCount, formatSeconds } from '../../core/units.ts';

/** Whether a target can be recovered. `red`: not within its objectives, or nobody knows; `amber`: yes, and somebody should look. */
export const verdicts = ['red', 'amber', 'green'] as const;

export type Verdict = (typeof verdicts)[number];

/** For people, who may not see colours. */
export const verdictWords: Readonly<Record<Verdict, string>> = { red: 'No', amber: 'Yes, but', green: 'Yes' };

export interface Judged {
  readonly verdict: Verdict;
  /** In words, the gravest first; none where it is green. */
  readonly reasons: readonly string[];
}

type Reasons = readonly (string | false | undefined)[];

const redReasons = ({
  recoveryPoint,
  withinRpo,
  ageSeconds = 0,
  rpoSeconds,
  lastDrill,
}: TargetStatus): Reasons => [
  recoveryPoint === undefined && 'there is no backup',
  recoveryPoint !== undefined &&
    !withinRpo &&
    `the newest backup is ${formatSeconds(ageSeconds)} old, more than ${formatSeconds(rpoSeconds)}`,
  lastDrill && !lastDrill.ok && 'the last drill failed',
];

const amberReasons = (status: TargetStatus): Reasons => [
  status.recoveryPoint !== undefined && status.verifiedAt === undefined && 'no backup was verified yet',
  status.recoveryPoint !== undefined && !status.lastDrill && 'no drill has restored one yet',
  status.lastDrill?.ok && !status.lastDrill.withinRto && 'the last drill took longer than the objective',
  ...status.lastRuns.filter(({ ok }) => !ok).map(({ command }) => `the last ${command} failed`),
  status.log && status.log.windows.length === 0 && 'no instant can be restored',
  status.log && status.log.holes > 0 && `${formatCount(status.log.holes, 'hole')} in the log`,
  status.logProblem !== undefined && 'the log could not be read',
  status.setAside.length > 0 && `${formatCount(status.setAside.length, 'archive')} set aside`,
  status.frozen !== undefined && 'retention is frozen',
  status.anomalies.length > 0 && `${status.anomalies.length} unusual`,
];

const said = (reasons: Reasons): readonly string[] =>
  reasons.filter((reason): reason is string => typeof reason === 'string');

/** What the state of a target means to whom has to recover it. Pure. */
export const verdictOf = (status: TargetStatus): Judged => {
  const [red, amber] = [said(redReasons(status)), said(amberReasons(status))];
  const verdict = red.length > 0 ? 'red' : amber.length > 0 ? 'amber' : 'green';
  return { verdict, reasons: [...red, ...amber] };
};

/** Those first that need somebody; of the same verdict in the plan's order. */
export const redFirst = (statuses: readonly TargetStatus[]): readonly TargetStatus[] =>
  verdicts.flatMap((verdict) => statuses.filter((status) => verdictOf(status).verdict === verdict));
