import { compressions } from '../../contract/compression.ts';
import { sum } from '../../core/sum.ts';
import { archiveKeysOf, type ArchiveKeys } from '../../crypto/archive-keys.ts';
import type { Key } from '../../crypto/key-ring.ts';
import { isParted, type FileManifest, type SealedPart } from '../manifest.ts';

/** Folder of the parts of a target, beside the folders of archives: no command that lists archives lists parts. */
export const partsFolder = (target: string): string => `parts/${target}/`;

/** `parts/influxdb/0f…9c.zst.enc` */
export const partKey = (
  target: string,
  { id, compression, salt }: Pick<SealedPart, 'id' | 'compression' | 'salt'>,
): string =>
  `${partsFolder(target)}${id}.${compressions[compression.algorithm]}${salt === null ? '' : '.enc'}`;

/** Id of the part that a key names; undefined for what is no part. */
export const partIdOf = (key: string): string | undefined =>
  /^parts\/[^/]+\/([0-9a-f]{32})\.[a-z]+(\.enc)?$/.exec(key)?.[1];

/** All files of an archive but its own: its parts, and what its engine noted. */
export const sealedOf = (manifest: FileManifest): readonly SealedPart[] =>
  isParted(manifest) ? [...manifest.parts, ...(manifest.notes ? [manifest.notes] : [])] : [];

const sizeOf = (manifest: FileManifest, files: readonly SealedPart[]): number =>
  manifest.archiveBytes + sum(files.map(({ seal }) => seal.bytes));

/** An archive with all of its parts, which others may share. */
export const wholeBytes = (manifest: FileManifest): number => sizeOf(manifest, sealedOf(manifest));

/** An archive with those parts that were stored for it. */
export const addedBytes = (manifest: FileManifest): number =>
  sizeOf(
    manifest,
    sealedOf(manifest).filter(({ storedAt }) => storedAt >= manifest.startedAt),
  );

/** What opens a part, under the key of the archive that names it. */
export const partKeysOf = async (
  { encryption }: Pick<FileManifest, 'encryption'>,
  { salt }: Pick<SealedPart, 'salt'>,
  key: Key | undefined,
): Promise<ArchiveKeys | undefined> =>
  key && encryption && salt !== null ? archiveKeysOf(key, { salt, macSalt: encryption.macSalt }) : undefined;
