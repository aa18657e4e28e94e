import { verifiedAt, type ManifestFacts } from '../../archives/facts.ts';
import type { BrokenArchive } from '../../archives/catalogue.ts';
import type { Store } from '../../store/store.ts';
import { allStores, findTarget, type App } from '../../session/app.ts';
import { knownOf, type KnownArchives } from '../../archives/known.ts';
import type { Listed } from './result.ts';

/** What a row says of an archive that counts. */
interface Counted {
  readonly key: string;
  readonly manifest: Pick<ManifestFacts, 'tier' | 'startedAt' | 'archiveBytes' | 'sourceBytes'>;
  readonly verifiedAt?: string | undefined;
}

type Location = Pick<Listed, 'target' | 'store'>;

/** An archive that counts. */
export const countedRow = (place: Location, { key, manifest, verifiedAt: verified }: Counted): Listed => {
  const { tier, startedAt, archiveBytes, sourceBytes } = manifest;
  return {
    ...place,
    archive: key,
    tier,
    startedAt,
    archiveBytes,
    sourceBytes,
    ...(verified !== undefined && { verifiedAt: verified }),
  };
};

/** What was set aside. */
export const asideRow = (place: Location, { key, error }: Pick<BrokenArchive, 'key' | 'error'>): Listed => ({
  ...place,
  archive: key,
  tier: 'unknown',
  startedAt: '',
  archiveBytes: 0,
  sourceBytes: 0,
  problem: error.message,
});

const rows = (target: string, store: Store, { archives, setAside }: KnownArchives): readonly Listed[] => {
  const place = { target, store: store.location };
  return [
    ...setAside.map((broken) => asideRow(place, broken)),
    ...archives.map(({ key, manifest }) =>
      countedRow(place, { key, manifest, verifiedAt: verifiedAt(manifest) }),
    ),
  ];
};

/** Archives of one target or all, in every store, oldest first. */
export const list = async (app: App, target?: string): Promise<readonly Listed[]> => {
  const targets = target ? [findTarget(app.plan, target)] : app.plan.targets;
  const result: Listed[] = [];
  for (const { name } of targets)
    for (const store of allStores(app)) result.push(...rows(name, store, await knownOf(app, store, name)));
  return result;
};
