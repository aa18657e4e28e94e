import { removeUndoNotes } from '../../runs/undo-notes.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import type { Leftover } from '../../engines/engine.ts';
import { findTarget, type App } from '../../session/app.ts';
import { describeLeftover, readLeftovers } from '../../session/leftovers.ts';
import { recorded } from '../../runs/recorded-run.ts';
import type { CleanedUp, CleanupReport } from './result.ts';
import { cleanupSummary } from './summary.ts';
import { keepIndexes } from '../../health/keep-index.ts';

export interface CleanupOptions {
  /** Also what restores replaced and kept for their undo. */
  readonly kept: boolean;
  readonly dryRun: boolean;
  /** Asked with a list of what goes; false refuses. */
  readonly confirm: (list: string) => Promise<boolean>;
}

const goes = ({ kind }: Leftover, { kept }: CleanupOptions): boolean => kind === 'unfinished' || kept;

const stays = ({ name, kind, bytes }: Leftover): CleanedUp => {
  return { name, kind, ...(bytes !== undefined && { bytes }), removed: false };
};

/** Steps do not depend on each other: what cannot be removed is reported, and the rest goes. */
const removeOne = async (app: App, leftover: Leftover): Promise<CleanedUp> => {
  throwIfStopped(app.run);
  try {
    await leftover.remove();
    return { ...stays(leftover), removed: true };
  } catch (error) {
    return { ...stays(leftover), failed: messageOf(error) };
  }
};

const removeAll = async (
  app: App,
  leftovers: readonly Leftover[],
  options: CleanupOptions,
): Promise<readonly CleanedUp[]> => {
  const items: CleanedUp[] = [];
  for (const leftover of leftovers)
    items.push(goes(leftover, options) ? await removeOne(app, leftover) : stays(leftover));
  return items;
};

/** Removes from a target's server what restores left there, under the target's lock. @throws BackupError restore.refused */
export const cleanup = async (app: App, name: string, options: CleanupOptions): Promise<CleanupReport> => {
  const target = findTarget(app.plan, name);
  const { address: server, leftovers } = await readLeftovers(app, target);
  const report = { target: name, server, dryRun: options.dryRun };
  const all = leftovers.filter((leftover) => goes(leftover, options));
  if (options.dryRun || all.length === 0) return { ...report, items: leftovers.map(stays) };
  const list = all.map((leftover) => `  ${leftover.name}: ${describeLeftover(leftover)}`).join('\n');
  if (!(await options.confirm(`removed from ${server}:\n${list}`)))
    throw new BackupError('restore.refused', 'not confirmed');
  return recorded(
    app,
    { command: 'cleanup', target: name, lock: true, summarise: cleanupSummary, keepIndexes },
    async (inner) => {
      const items = await removeAll(inner, leftovers, options);
      if (options.kept) await removeUndoNotes(app.stores.primary, name);
      return { ...report, items };
    },
  );
};
