import { isManifest } from '../archives/layout.ts';
import { archiveReader, isSettled, type KnownArchives, type OpenIndex } from '../archives/known.ts';
import type { App } from '../session/app.ts';
import { printOf } from '../store/print.ts';
import type { Store } from '../store/store.ts';
import { whileSame } from './while-same.ts';

/** What follows from the archives of a target in a store, which may change when one of them does. */
export type ReadDerived<T> = (
  target: string,
  now: Date,
  derive: (known: KnownArchives) => T,
  index?: OpenIndex,
) => Promise<T>;

/**
 * Lists the archives of targets, and derives what follows from them where anything in the listing changed. With an index
 * no manifest is remembered: what is new then costs the index, and what it does not know. Without one, all are.
 */
export const derivedOfArchives = <T>(app: App, store: Store, sizes = false): ReadDerived<T> => {
  const open = () => archiveReader(app, store, { sizes });
  const lasting = open();
  const kept = whileSame<T>();
  return async (target, now, derive, index) => {
    const listing = await lasting.list(target);
    return kept(target, printOf(listing.objects, isManifest), now, async () => {
      const { readListed } = app.keys ? open() : lasting;
      const known = await readListed(target, listing, now, index);
      return { value: derive(known), lasts: isSettled(known) };
    });
  };
};
