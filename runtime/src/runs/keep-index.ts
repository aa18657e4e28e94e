import { writeIndex, type CatalogueIndex, type Section } from '../archives/catalogue-index.ts';
import { archiveReader, indexOnce } from '../archives/known.ts';
import { expectedOf } from '../archives/of-target.ts';
import { messageOf } from '../core/errors.ts';
import { allStores, type App } from '../session/app.ts';
import type { Store } from '../store/store.ts';
import { recordsReader, signerOf } from './read-records.ts';

const isSameSection = (a: Section, b: Section): boolean =>
  a.size === b.size &&
  [...a].every(([key, { bytes, tag }]) => b.get(key)?.bytes === bytes && b.get(key)?.tag === tag);

const isSameIndex = (a: CatalogueIndex, b: CatalogueIndex): boolean =>
  isSameSection(a.archives, b.archives) && isSameSection(a.runs, b.runs);

/** Reads what the index does not know yet, and writes it anew where that is anything: in a versioned bucket each is kept. */
const keepIn = async (app: App, store: Store, target: string): Promise<void> => {
  const [index, now] = [indexOnce(app, store, target), app.run.now()];
  const [archives, runs] = [archiveReader(app, store), recordsReader(store, signerOf(app))];
  await archives.read(target, now, index);
  if (store === app.stores.primary) await runs.read(target, now, index);
  const found = { archives: archives.section(target), runs: runs.section(target) };
  if (found.archives.size === 0) return; // a backup that failed leaves nothing among archives
  if (!isSameIndex(found, await index())) await writeIndex(app, store, expectedOf(app, target), found);
};

/** Brings the indexes of a target up to date in every store, at the end of a run; without one all else works, but slower. */
export const keepIndexes = async (app: App, target: string): Promise<void> => {
  if (!app.keys) return;
  for (const store of allStores(app))
    await keepIn(app, store, target).catch((error: unknown) =>
      app.run.log.warn(
        { store: store.location, target, problem: messageOf(error) },
        'the index of the catalogue could not be written',
      ),
    );
};
