import { isOfObject } from '../archives/catalogue.ts';
import { lockedBy, removeArchive } from '../archives/remove.ts';
import { allStores, type App } from '../session/app.ts';
import { factsOf } from './base-manifest.ts';
import { readBases, verifyBase, type Base, type WholeBase } from './bases.ts';
import type { BaseDecision, BaseFact } from './retention.ts';

/** A base with all its copies. */
export interface CopiedBase {
  readonly fact: BaseFact;
  readonly copies: readonly Base[];
}

/** Bases of a target in all stores, and what is wrong with one that has no whole copy. */
export interface BaseCopies {
  readonly bases: readonly CopiedBase[];
  readonly problem?: string;
}

const factOf = ({ key, manifest }: Base): BaseFact => {
  const { system, timeline, start, end } = factsOf(manifest);
  const { incrementOf } = manifest.base;
  const finishedAt = Date.parse(manifest.finishedAt);
  const fact = { id: manifest.id, key, finishedAt, system, timeline, start, end };
  return { ...fact, ...(incrementOf !== undefined && { incrementOf }) };
};

const problemOf = async (app: App, base: WholeBase): Promise<string | undefined> =>
  verifyBase(app, base, 'quick').then(
    () => undefined,
    (error: unknown) => {
      if (!isOfObject(error)) throw error;
      return error.message;
    },
  );

/** Whatever older bases there are may be needed as long as one does not count. @throws BackupError `store.*` */
export const readCopies = async (app: App, target: string): Promise<BaseCopies> => {
  const copies = new Map<string, Base[]>();
  const whole = new Set<string>();
  const problems: { readonly key: string; readonly message: string }[] = [];
  for (const store of allStores(app)) {
    const { bases, broken } = await readBases(app, store, target);
    problems.push(...broken.map(({ key, error }) => ({ key, message: error.message })));
    for (const base of bases) {
      const { id } = base.manifest;
      copies.set(id, [...(copies.get(id) ?? []), base]);
      const message = await problemOf(app, base);
      if (message === undefined) whole.add(base.key);
      else problems.push({ key: base.key, message });
    }
  }
  const problem = problems.find(({ key }) => !whole.has(key))?.message;
  return {
    bases: [...copies.values()].flatMap((all) => (all[0] ? { fact: factOf(all[0]), copies: all } : [])),
    ...(problem !== undefined && { problem }),
  };
};

/** What became of one copy of a base. */
export interface CopyOutcome {
  readonly store: string;
  readonly key: string;
  readonly keep: boolean;
  readonly reason: string;
}

/** Removes the copies of a base where that was decided; a locked one stays, and is tried again by the next run. */
export const carryOutBase = async (
  app: App,
  { copies }: CopiedBase,
  { keep, reason }: Pick<BaseDecision, 'keep' | 'reason'>,
  dryRun: boolean,
): Promise<readonly CopyOutcome[]> => {
  const outcomes: CopyOutcome[] = [];
  for (const { store, key } of copies) {
    const locked = keep ? undefined : await (dryRun ? lockedBy : removeArchive)(app, store, key);
    const why = locked === undefined ? reason : `${reason}; ${locked}`;
    outcomes.push({ store: store.location, key, keep: keep || locked !== undefined, reason: why });
  }
  return outcomes;
};
