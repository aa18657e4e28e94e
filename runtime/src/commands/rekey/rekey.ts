import { BackupError } from '../../core/errors.ts';
import { keepIndexes } from '../../health/keep-index.ts';
import { underLock } from '../../runs/lock.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { allStores, engineOf, findTarget, type App } from '../../session/app.ts';
import { baseLock } from '../../wal/bases.ts';
import { rekeyArchives } from './rekey-archives.ts';
import { rekeyBases } from './rekey-bases.ts';
import { rekeyLog } from './rekey-log.ts';
import type { Rekeying } from './rekeying.ts';
import type { Rekeyed } from './result.ts';
import { rekeySummary } from './summary.ts';

const rekeyAll = async (rekeying: Rekeying): Promise<readonly Rekeyed[]> => {
  const { app, target } = rekeying;
  const moved: Rekeyed[] = [];
  for (const store of allStores(app)) moved.push(...(await rekeyArchives(rekeying, store)));
  const { log } = engineOf(target);
  if (!log) return moved;
  for (const store of allStores(app)) moved.push(...(await rekeyBases(rekeying, store)));
  return [...moved, ...(await rekeyLog(rekeying))];
};

/** Neither a base, which has a lock of its own, nor the retention that follows it works meanwhile. */
const withoutBaseRuns = (rekeying: Rekeying): Promise<readonly Rekeyed[]> => {
  const { app, target } = rekeying;
  if (!engineOf(target).log) return rekeyAll(rekeying);
  const lock = { store: app.stores.primary, name: baseLock(target.name), command: 'rekey' };
  return underLock(app.run, lock, (run) => rekeyAll({ ...rekeying, app: { ...app, run } }));
};

/**
 * Rewrites what an old key made of a target's archives, bases and log under the plan's first key, in every store. Content, times
 * and history stay. After it, the old key can go from the plan, unless Object Lock keeps something under it.
 * @throws BackupError `usage.invalid` where the plan stores in the clear
 */
export const rekey = async (
  app: App,
  name: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<readonly Rekeyed[]> => {
  const target = findTarget(app.plan, name);
  const { keys } = app;
  if (!keys)
    throw new BackupError('usage.invalid', 'the plan does not encrypt, so there is no key to change');
  if (dryRun) return rekeyAll({ app, keys, target, dryRun });
  return recorded(
    app,
    { command: 'rekey', target: name, lock: true, summarise: rekeySummary, keepIndexes },
    (inner) => withoutBaseRuns({ app: inner, keys, target, dryRun }),
  );
};

/** Rekeys one target, or every target of the plan. @throws as `rekey` */
export const rekeyTargets = async (
  app: App,
  name: string | undefined,
  options: { readonly dryRun: boolean },
): Promise<readonly Rekeyed[]> => {
  const targets = name ? [name] : app.plan.targets.map((target) => target.name);
  const moved: Rekeyed[] = [];
  for (const target of targets) moved.push(...(await rekey(app, target, options)));
  return moved;
};
