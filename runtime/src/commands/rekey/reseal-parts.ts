import type { Believed } from '../../archives/authentic.ts';
import { isParted, type PartedManifest, type SealedPart } from '../../archives/manifest.ts';
import { partKey } from '../../archives/parts/keys.ts';
import { openPartBytes, type Parted } from '../../archives/parts/open.ts';
import { newArchiveKeys } from '../../crypto/archive-keys.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import { startSealing } from '../../crypto/seal.ts';
import type { App } from '../../session/app.ts';
import type { Store } from '../../store/store.ts';

/** Writes a part again under the first key; the same part of another archive is the same file again. */
export type ResealPart = (archive: Parted, part: SealedPart) => Promise<SealedPart>;

/** Keys under another salt. Files that shared a salt share the next, as their beginnings were made for that. */
type Fresh = Awaited<ReturnType<typeof newArchiveKeys>>;

/** What of a part is the file's. */
type Resealed = Pick<SealedPart, 'id' | 'salt' | 'seal'>;

export const partResealer = (app: App, keys: KeyRing, store: Store): ResealPart => {
  const done = new Map<string, Resealed>();
  const salts = new Map<string | null, Promise<Fresh>>();
  const write = async (archive: Parted, part: SealedPart): Promise<Resealed> => {
    const sealKeys = salts.get(part.salt) ?? newArchiveKeys(keys[0], app.run.randomBytes);
    salts.set(part.salt, sealKeys);
    const { keys: fresh, parameters } = await sealKeys;
    const id = app.run.randomBytes(16).toString('hex');
    const sealing = startSealing(openPartBytes(app, archive, part), id, fresh);
    const key = partKey(archive.manifest.target, { ...part, id });
    await store.put(key, sealing.bytes, { signal: app.run.signal });
    return { id, salt: parameters.salt, seal: sealing.seal() };
  };
  return async (archive, part) => {
    const resealed = done.get(part.id) ?? (await write(archive, part));
    done.set(part.id, resealed);
    return { ...part, ...resealed };
  };
};

/** Parts and notes of an archive under the first key; nothing for one in format 1. */
export const resealParts = async (
  { manifest, ...archive }: Believed,
  reseal: ResealPart,
): Promise<Partial<Pick<PartedManifest, 'parts' | 'notes'>>> => {
  if (!isParted(manifest)) return {};
  const parted = { ...archive, manifest };
  const parts: PartedManifest['parts'] = [];
  for (const part of manifest.parts) parts.push({ ...part, ...(await reseal(parted, part)) });
  return { parts, notes: manifest.notes && (await reseal(parted, manifest.notes)) };
};
