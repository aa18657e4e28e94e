import { isBackupError } from '../../core/errors.ts';
import type { Store } from '../../store/store.ts';
import { allStores, type App } from '../../session/app.ts';
import { isOfObject, objectsOf, readManifestText } from '../catalogue.ts';
import { isManifest } from '../layout.ts';
import { decodeManifest } from '../manifest.ts';

/** Ids of parts, and of archives, in the text of a manifest: whoever can write to the store can add some, and remove none. */
const idsIn = (text: string): readonly string[] =>
  [...text.matchAll(/"([0-9a-f]{32})"/g)].map(([, id = '']) => id);

/** What manifests name, or which of them cannot be read, so that nobody knows what it names. */
export interface References {
  readonly ids: ReadonlySet<string>;
  readonly unreadable: readonly string[];
}

const readIds = async (store: Store, key: string, ids: Set<string>, unreadable: string[]): Promise<void> => {
  try {
    const text = await readManifestText(store, key);
    decodeManifest(text, key);
    for (const id of idsIn(text)) ids.add(id);
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return; // removed since it was listed, with what it named
    if (!isOfObject(error)) throw error;
    unreadable.push(`${store.location}: ${error.message}`);
  }
};

/**
 * What all manifests of a target in all stores name, each read: no index is asked, and those that are set aside count too, as a
 * person may yet bring them back.
 */
export const referencesOf = async (app: App, target: string): Promise<References> => {
  const ids = new Set<string>();
  const unreadable: string[] = [];
  for (const store of allStores(app)) {
    const { objects, broken } = await objectsOf(store, target, { describes: isManifest });
    unreadable.push(...broken.map(({ error }) => `${store.location}: ${error.message}`));
    for (const { key } of objects.filter((object) => isManifest(object.key)))
      await readIds(store, key, ids, unreadable);
  }
  return { ids, unreadable };
};
