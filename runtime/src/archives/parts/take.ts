import type { DumpOptions, Source } from '../../engines/engine.ts';
import type { PartsDump, PartsWork } from '../../engines/engine-parts.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import { writeManifest } from '../catalogue.ts';
import { archiveKey, type Form, type Tier } from '../layout.ts';
import type { Manifest } from '../manifest.ts';
import { newSealKeys, type SealKeys } from '../seal-keys.ts';
import { writeFile, type Written } from '../write.ts';
import { earlierParts, type EarlierParts } from './earlier.ts';
import { prolongParts } from './locks.ts';
import { assertStored } from './stored.ts';
import { partsWriter } from './write.ts';

/**
 * As `writeArchive`, with parts in files of their own: those that are new are stored before the archive's own file is whole, and
 * all are there before the manifest names them.
 */
export const writeParted = async (
  app: App,
  target: Target,
  dump: PartsDump,
  tier: Tier,
  earlier: EarlierParts | undefined,
  newKeys: Promise<SealKeys> = newSealKeys(app),
): Promise<Written> => {
  const keyAt = (time: Date, form: Form): string => archiveKey(target.name, tier, time, form);
  const parts = partsWriter(app, target.name, await newKeys, earlier);
  const content = { server: dump.server, entries: parts.head(dump.entries), keyAt };
  const { key, manifest: file } = await writeFile(app, target, content, newKeys).finally(parts.stop);
  const fingerprint = await dump.fingerprint();
  const manifest: Manifest = { ...file, tier, fingerprint, ...(await parts.finish(file, dump.notes())) };
  await prolongParts(app, app.stores.primary, key, manifest);
  await assertStored(app, manifest);
  await writeManifest(app.stores.primary, key, manifest, app.keys, { replace: false });
  return { key, manifest };
};

/** What a dump is made of, and how. */
interface Taking {
  readonly source: Source;
  readonly work: PartsWork;
  readonly options: DumpOptions;
}

/** As `takeArchive`, of an engine that knows what did not change since the newest archive. */
export const takeParts = async (
  app: App,
  target: Target,
  { source, work, options }: Taking,
  tier: Tier,
  newKeys: Promise<SealKeys>,
): Promise<Written> => {
  const earlier = await earlierParts(app, target.name);
  const dump = await work.dump(app.run, source, earlier, options);
  try {
    return await writeParted(app, target, dump, tier, earlier, newKeys);
  } finally {
    await dump.close();
  }
};
