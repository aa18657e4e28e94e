import type { Graded } from './change.ts';
import { graded } from './grade.ts';
import { changesBetween, snapshotOf } from './snapshot.ts';
import { baseOf, committedFiles, synthesizedFiles } from './sources.ts';

export interface Review {
  /** Commit that the work tree was compared with. */
  readonly base: string;
  readonly changes: readonly Graded[];
}

/**
 * What the environment files and the program of a repository now become, compared with what is committed.
 * @param folder top of the repository
 * @param revision @default where this branch left `origin/main`
 * @throws BackupError usage.invalid, plan.invalid
 */
export const review = (folder: string, revision?: string): Review => {
  const base = baseOf(folder, revision);
  const before = snapshotOf(committedFiles(folder, base));
  const after = snapshotOf(synthesizedFiles(folder));
  return { base, changes: changesBetween(before, after).map(graded) };
};
