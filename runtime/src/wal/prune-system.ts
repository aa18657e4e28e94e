import type { LogWork } from '../engines/engine-log.ts';
import type { App } from '../session/app.ts';
import { decideLog, type TimelineDecision } from './log-retention.ts';
import { gapKey, historyKey, indexKey, pieceKey, timelineFolder, type PieceName } from './names.ts';
import type { LogPlace } from './place.ts';
import { mostRemoved, removeInOrder } from './removal.ts';
import { replacedPieces } from './replaced.ts';
import type { BaseFact, SystemLog } from './retention.ts';

/** What became of the objects of one timeline that were decided alike. */
export interface LogOutcome {
  readonly key: string;
  readonly keep: boolean;
  readonly reason: string;
  readonly objects: number;
}

/** What a removal of the log works with. */
export interface LogPruning {
  readonly app: App;
  readonly place: LogPlace;
  readonly log: Pick<LogWork, 'formatPosition'>;
  /** Start of the window, in ms. */
  readonly from: number;
  /** Why nothing is removed now; absent where it is. */
  readonly waits?: string | undefined;
  readonly dryRun: boolean;
}

interface Planned extends TimelineDecision {
  readonly replaced: readonly PieceName[];
}

/** Keys in the order of their removal: an index before its pieces, so that whatever index is there has all of them. */
const keysOf = (target: string, { hours, removed, replaced }: Planned): readonly string[] => [
  ...hours.map((hour) => indexKey(target, hour)),
  ...[...removed, ...replaced].map((piece) => pieceKey(target, piece)),
];

const endOf = (pieces: readonly PieceName[]): bigint =>
  pieces.reduce((end, { to }) => (to > end ? to : end), 0n);

const goneReason = ({ log }: LogPruning, { removed, replaced }: Planned): string =>
  [
    removed.length > 0 &&
      `log up to ${log.formatPosition(endOf(removed))}, older than the window, and no kept base needs it`,
    replaced.length > 0 && 'pieces that segments replaced',
  ]
    .filter(Boolean)
    .join('; ') || 'indexes of log that is gone';

const outcomesOf = (
  pruning: LogPruning,
  system: string,
  planned: Planned,
  gone: ReadonlySet<string>,
  why: string | undefined,
): readonly LogOutcome[] => {
  const { target } = pruning.place;
  const key = timelineFolder(target, system, planned.timeline);
  const all = keysOf(target, planned);
  const removed = all.filter((each) => gone.has(each)).length;
  const stays = planned.kept.length - planned.replaced.length;
  const reason = goneReason(pruning, planned);
  return [
    { key, keep: false, reason, objects: removed },
    { key, keep: true, reason: `${reason}; ${why}`, objects: all.length - removed },
    { key, keep: true, reason: 'log of the window, or that a kept base needs', objects: stays },
  ].filter(({ objects }) => objects > 0);
};

/**
 * Removes what retention lets go of one system's log. @param bases that stay
 * @param budget objects that may go
 */
export const pruneSystem = async (
  pruning: LogPruning,
  stored: SystemLog,
  bases: readonly BaseFact[],
  budget: number = mostRemoved,
): Promise<readonly LogOutcome[]> => {
  const { app, place, from, waits, dryRun } = pruning;
  const { target, store } = place;
  const { timelines, histories, gaps } = decideLog(stored, bases, from);
  const planned: Planned[] = [];
  for (const each of timelines)
    planned.push({ ...each, replaced: await replacedPieces(place, stored, each.kept) });
  const keys = [
    ...histories.map((history) => historyKey(target, history)),
    ...planned.flatMap((each) => keysOf(target, each)),
    ...gaps.map((gap) => gapKey(target, gap)),
  ];
  const intended = { removed: new Set(waits === undefined ? keys : []), stopped: waits };
  const { removed, stopped } =
    waits !== undefined || dryRun ? intended : await removeInOrder(app, store, keys, budget);
  return planned.flatMap((each) => outcomesOf(pruning, stored.system, each, removed, stopped));
};
