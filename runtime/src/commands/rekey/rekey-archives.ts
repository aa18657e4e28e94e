import type { Believed } from '../../archives/authentic.ts';
import { writeManifest } from '../../archives/catalogue.ts';
import { archiveReader } from '../../archives/known.ts';
import { latestAliases } from '../../archives/latest.ts';
import { fileName } from '../../archives/layout.ts';
import { believedAt, catalogOf } from '../../archives/of-target.ts';
import { removeArchive } from '../../archives/remove.ts';
import type { Store } from '../../store/store.ts';
import { asideOf, moveOld, type Move, type Rekeying } from './rekeying.ts';
import { reseal } from './reseal.ts';
import { partResealer, resealParts } from './reseal-parts.ts';
import type { Rekeyed } from './result.ts';

/** The tiers of one backup share their bytes: the second is a copy of the first. */
const copyTwin = async (
  { keys }: Rekeying,
  twin: Believed,
  { manifest }: Believed,
  to: string,
): Promise<void> => {
  await twin.store.copy(twin.key, to);
  await writeManifest(
    twin.store,
    to,
    { ...twin.manifest, archive: fileName(to), tier: manifest.tier, verifications: manifest.verifications },
    keys,
    { replace: false },
  );
};

const repoint = async (store: Store, target: string, from: string, to: string): Promise<void> => {
  for (const [alias, key] of await latestAliases(store, target))
    if (key === from) await store.point(alias, to);
};

/** Commits the new archive before it removes the old one, whose manifest goes first: at every instant one of them counts. */
const mover = (rekeying: Rekeying, store: Store): Move<Believed> => {
  const { app, keys, target } = rekeying;
  const known = archiveReader(app, store);
  const resealPart = partResealer(app, keys, store);
  const rewrite = async (archive: Believed, to: string): Promise<void> => {
    const parts = await resealParts(archive, resealPart);
    const file = await reseal(rekeying, archive, to);
    await writeManifest(store, to, { ...archive.manifest, ...parts, ...file }, keys, { replace: false });
  };
  return async (archive, to) => {
    const { key, manifest } = archive;
    const { archives } = await known.read(target.name, app.run.now());
    if (!archives.some((other) => other.key === to)) {
      const current = keys[0].id;
      const twin = archives.find(
        (other) => other.manifest.id === manifest.id && other.manifest.encryption?.keyId === current,
      );
      const isFree = !(await store.head(to)); // else left by a run that died before its manifest
      await (twin && isFree
        ? copyTwin(rekeying, await believedAt(app, store, target.name, twin.key), archive, to)
        : rewrite(archive, to));
    }
    await repoint(store, target.name, key, to);
    return removeArchive(app, store, key);
  };
};

/** Rewrites the archives of a target in a store. */
export const rekeyArchives = async (rekeying: Rekeying, store: Store): Promise<readonly Rekeyed[]> => {
  const { archives, broken } = await catalogOf(rekeying.app, store, rekeying.target.name);
  return [
    ...broken.flatMap((each) => asideOf(rekeying, each)),
    ...(await moveOld(rekeying, archives, mover(rekeying, store))),
  ];
};
