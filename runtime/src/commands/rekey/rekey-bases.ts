import { removeArchive } from '../../archives/remove.ts';
import type { Store } from '../../store/store.ts';
import { readBases, writeBaseManifest, type Base } from '../../wal/bases.ts';
import { asideOf, moveOld, type Rekeying } from './rekeying.ts';
import { reseal } from './reseal.ts';
import type { Rekeyed } from './result.ts';

/** Rewrites the bases of a target in a store, each committed before the old one goes, whose manifest goes first. */
export const rekeyBases = async (rekeying: Rekeying, store: Store): Promise<readonly Rekeyed[]> => {
  const { app, target } = rekeying;
  const { bases, broken } = await readBases(app, store, target.name);
  const move = async (base: Base, to: string): Promise<string | undefined> => {
    if (!bases.some(({ key }) => key === to)) {
      const manifest = { ...base.manifest, ...(await reseal(rekeying, base, to)) };
      await writeBaseManifest(app, store, { key: to, manifest });
    }
    return removeArchive(app, store, base.key);
  };
  return [...broken.flatMap((each) => asideOf(rekeying, each)), ...(await moveOld(rekeying, bases, move))];
};
