import { verifiedAt } from '../../archives/facts.ts';
import type { Store } from '../../store/store.ts';
import { allStores, findTarget, type App } from '../../session/app.ts';
import { knownOf, type KnownArchives } from '../../archives/known.ts';
import type { Listed } from './result.ts';

const rows = (target: string, store: Store, { archives, setAside }: KnownArchives): readonly Listed[] => [
  ...setAside.map(({ key, error }) => ({
    target,
    store: store.location,
    archive: key,
    tier: 'unknown',
    startedAt: '',
    archiveBytes: 0,
    sourceBytes: 0,
    problem: error.message,
  })),
  ...archives.map(({ key, manifest }) => {
    const verified = verifiedAt(manifest);
    const { tier, startedAt, archiveBytes, sourceBytes } = manifest;
    return {
      target,
      store: store.location,
      archive: key,
      tier,
      startedAt,
      archiveBytes,
      sourceBytes,
      ...(verified && { verifiedAt: verified }),
    };
  }),
];

/** Archives of one target or all, in every store, oldest first. */
export const list = async (app: App, target?: string): Promise<readonly Listed[]> => {
  const targets = target ? [findTarget(app.plan, target)] : app.plan.targets;
  const result: Listed[] = [];
  for (const { name } of targets)
    for (const store of allStores(app)) result.push(...rows(name, store, await knownOf(app, store, name)));
  return result;
};
