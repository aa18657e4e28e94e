import type { DumpEntry, Entries } from '../../core/entries.ts';
import { BackupError } from '../../core/errors.ts';
import type { App } from '../../session/app.ts';
import type { Part } from '../manifest.ts';
import { openPart, prepareParts, type Parted } from './open.ts';

/** Parts whose keys are derived at once. @default 4 - the threads of libuv's pool */
const together = 4;

/** Parts by entry, each of one that the archive has, of its size. @throws BackupError `archive.damaged` */
const byEntry = ({ key, manifest }: Parted): ReadonlyMap<string, Part> => {
  const bytesOf = new Map(manifest.entries.map(({ name, bytes }) => [name, bytes]));
  const found = new Map(manifest.parts.map((part) => [part.entry, part]));
  const isListed = manifest.parts.every(({ entry, bytes }) => bytesOf.get(entry) === bytes);
  if (isListed && found.size === manifest.parts.length) return found;
  throw new BackupError(
    'archive.damaged',
    `the manifest of ${key} contradicts itself: it has parts that its entries lack`,
  );
};

/** Entries of an archive's own file with its parts among them, where the manifest has them. */
export async function* withParts(app: App, archive: Parted, file: Entries): AsyncGenerator<DumpEntry> {
  const parts = byEntry(archive);
  const rest = file[Symbol.asyncIterator]();
  try {
    for (const { name } of archive.manifest.entries) {
      const part = parts.get(name);
      if (part) {
        const from = archive.manifest.parts.indexOf(part);
        const next = archive.manifest.parts.slice(from, from + together);
        prepareParts(app, archive, next).catch(() => {}); // who reads them is told
        yield { name, content: openPart(app, archive, part) };
      } else {
        const next = await rest.next();
        if (next.done) return;
        yield next.value;
      }
    }
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
