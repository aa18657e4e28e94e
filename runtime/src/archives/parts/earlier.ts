import type { Earlier } from '../../engines/engine-parts.ts';
import type { App } from '../../session/app.ts';
import { newestOf } from '../facts.ts';
import { knownOf } from '../known.ts';
import { isParted, keyFor, type Manifest, type Part, type SealedPart } from '../manifest.ts';
import { believedAt } from '../of-target.ts';
import { partKey } from './keys.ts';
import { canProlong } from './locks.ts';
import { openPart } from './open.ts';
import { storedParts } from './stored.ts';

/** The archive before, by which a dump leaves out what did not change. */
export interface EarlierParts extends Earlier {
  /** Its part of that name, which is in the store. */
  readonly part: (entry: string) => Part | undefined;
}

/** Why the next archive cannot go on with the parts of this one; undefined where it can. */
const hindrance = async ({ keys }: App, manifest: Manifest): Promise<string | undefined> => {
  if ((await keyFor(manifest, keys)) !== keys?.[0]) return 'another key sealed it';
  if (manifest.verifications.at(-1)?.ok === false) return 'it failed its last verification';
  return undefined;
};

/** The newest archive where its parts may go on; undefined where the next one is taken whole, which the log explains. */
export const earlierParts = async (app: App, target: string): Promise<EarlierParts | undefined> => {
  const { run, stores } = app;
  const { archives } = await knownOf(app, stores.primary, target);
  const newest = newestOf(archives);
  const archive = newest && (await believedAt(app, stores.primary, target, newest.key));
  const whole = (reason: string): undefined =>
    run.log.info({ target, reason }, 'every part is stored again') as undefined;
  if (!archive || !isParted(archive.manifest)) return whole('the newest archive has no parts');
  const { manifest } = archive;
  const reason = await hindrance(app, manifest);
  if (reason !== undefined) return whole(`${archive.key}: ${reason}`);
  const { parts, notes } = manifest;
  const stored = await storedParts(stores.primary, target);
  const isStored = (file: SealedPart) => stored.get(partKey(target, file)) === file.seal.bytes;
  if (!notes || !isStored(notes)) return whole(`${archive.key}: its notes are gone`);
  if (!(await canProlong(app, stores.primary, archive.key, manifest, notes)))
    return whole('the account may not prolong Object Lock (s3:PutObjectRetention)');
  const byEntry = new Map(parts.filter(isStored).map((part) => [part.entry, part]));
  return {
    part: (entry) => byEntry.get(entry),
    has: (entry) => byEntry.has(entry),
    notes: () => openPart(app, { ...archive, manifest }, notes),
  };
};
