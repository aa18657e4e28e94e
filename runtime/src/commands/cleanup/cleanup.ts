import { removeUndoNotes } from '../../runs/undo-notes.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import type { Leftover } from '../../engines/engine.ts';
import { findTarget, type App } from '../../session/app.ts';
import { describeLeftover, readLeftovers } from '../../session/leftovers.ts';
import { recorded, type Summary } from '../../runs/recorded-run.ts';

export interface CleanupOptions {
  /** Also what restores replaced and kept for their undo. */
  readonly kept: boolean;
  readonly dryRun: boolean;
  /** Asked with a list of what goes; false refuses. */
  readonly confirm: (list: string) => Promise<boolean>;
}

/** Something that a restore left on the server, and what became of it. */
export interface CleanedUp extends Omit<Leftover, 'remove'> {
  readonly removed: boolean;
  /** Why it is still there although it was to go. */
  readonly failed?: string;
}

/** Outcome of `cleanup`, as `--json` prints it. */
export interface CleanupReport {
  readonly target: string;
  readonly server: string;
  readonly dryRun: boolean;
  readonly items: readonly CleanedUp[];
}

const goes = ({ kind }: Leftover, { kept }: CleanupOptions): boolean => kind === 'unfinished' || kept;

/** Steps do not depend on each other: what cannot be removed is reported, and the rest goes. */
const removeOne = async (app: App, { remove, ...rest }: Leftover): Promise<CleanedUp> => {
  throwIfStopped(app.run);
  try {
    await remove();
    return { ...rest, removed: true };
  } catch (error) {
    return { ...rest, removed: false, failed: messageOf(error) };
  }
};

const removeAll = async (
  app: App,
  leftovers: readonly Leftover[],
  options: CleanupOptions,
): Promise<readonly CleanedUp[]> => {
  const items: CleanedUp[] = [];
  for (const leftover of leftovers) {
    const { remove: _, ...rest } = leftover;
    items.push(goes(leftover, options) ? await removeOne(app, leftover) : { ...rest, removed: false });
  }
  return items;
};

const failedOf = ({ items }: CleanupReport): readonly CleanedUp[] =>
  items.filter(({ failed }) => failed !== undefined);

/** @throws BackupError cleanup.failed naming what is still there */
export const requireClean = (report: CleanupReport): void => {
  const failed = failedOf(report);
  if (failed.length === 0) return;
  throw new BackupError(
    'cleanup.failed',
    failed.map(({ name, failed: why }) => `${name}: ${why}`).join('; '),
  );
};

const summarise = (report: CleanupReport): Summary => {
  const removed = report.items.filter((item) => item.removed);
  const bytes = removed.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const failed = failedOf(report).length;
  return {
    figures: { removed: removed.length, bytes, failed },
    problem: failed === 0 ? undefined : new BackupError('cleanup.failed', `${failed} could not be removed`),
  };
};

/** Removes from a target's server what restores left there, under the target's lock. @throws BackupError restore.refused */
export const cleanup = async (app: App, name: string, options: CleanupOptions): Promise<CleanupReport> => {
  const target = findTarget(app.plan, name);
  const { address: server, leftovers } = await readLeftovers(app, target);
  const report = { target: name, server, dryRun: options.dryRun };
  const all = leftovers.filter((leftover) => goes(leftover, options));
  if (options.dryRun || all.length === 0)
    return { ...report, items: leftovers.map(({ remove: _, ...rest }) => ({ ...rest, removed: false })) };
  const list = all.map((leftover) => `  ${leftover.name}: ${describeLeftover(leftover)}`).join('\n');
  if (!(await options.confirm(`removed from ${server}:\n${list}`)))
    throw new BackupError('restore.refused', 'not confirmed');
  return recorded(app, { command: 'cleanup', target: name, lock: true, summarise }, async (inner) => {
    const items = await removeAll(inner, leftovers, options);
    if (options.kept) await removeUndoNotes(app.stores.primary, name);
    return { ...report, items };
  });
};
