import type { Believed } from '../../archives/authentic.ts';
import type { SealedPart } from '../../archives/manifest.ts';
import { partKey } from '../../archives/parts/keys.ts';
import { lacking, lackText, storedParts, type StoredParts } from '../../archives/parts/stored.ts';
import type { Store } from '../../store/store.ts';
import type { Found, Place } from './finding.ts';

/** A part that is not as it was written, and the archives that need it. */
interface Lost {
  readonly part: SealedPart;
  readonly archives: Believed[];
}

/** Archives that a finding names; of the others it tells how many there are. */
const named = 3;

const neededBy = (archives: readonly Believed[]): string => {
  const keys = archives.slice(0, named).map(({ key }) => key);
  const more = archives.length > named ? [`${archives.length - named} more`] : [];
  return [...keys, ...more].join(', ');
};

const lostIn = ({ here, target }: Place, stored: StoredParts): readonly Lost[] => {
  const lost = new Map<string, Lost>();
  for (const archive of here.archives)
    for (const part of lacking(archive.manifest, stored)) {
      const key = partKey(target, part);
      const known = lost.get(key) ?? { part, archives: [] };
      known.archives.push(archive);
      lost.set(key, known);
    }
  return [...lost.values()];
};

/** Another store that has the part as long as it should be. */
const twinOf = async (
  { here, all, target }: Place,
  { seal, ...part }: SealedPart,
): Promise<Store | undefined> => {
  for (const { store } of all) {
    if (store === here.store) continue;
    if ((await store.head(partKey(target, part)))?.bytes === seal.bytes) return store;
  }
  return undefined;
};

const bring = (place: Place, from: Store, part: SealedPart) => async (): Promise<string> => {
  const key = partKey(place.target, part);
  const options = { replace: true, signal: place.app.run.signal, sha256: part.seal.sha256 };
  await place.here.store.put(key, () => from.get(key), options);
  return `copied from ${from.location}`;
};

/** Parts that are gone or of another size, each with every archive that needs it. */
export const partFindings = async (place: Place): Promise<readonly Found[]> => {
  const { here, target } = place;
  if (!here.archives.some(({ manifest }) => manifest.format === 2)) return [];
  const stored = await storedParts(here.store, target);
  const found: Found[] = [];
  for (const { part, archives } of lostIn(place, stored)) {
    const key = partKey(target, part);
    const twin = await twinOf(place, part);
    const [{ manifest }] = archives as [Believed];
    const elsewhere = twin ? `; ${twin.location} has it` : '';
    found.push({
      kind: stored.has(key) ? 'part-mismatch' : 'part-missing',
      key,
      message: `${lackText(manifest, part, stored)}; needed by ${neededBy(archives)}${elsewhere}`,
      severity: 'problem',
      repair: twin && bring(place, twin, part),
    });
  }
  return found;
};
