import type { Target } from '../plan/schema.ts';
import { addressOf, engineOf, openSource, type App } from '../session/app.ts';
import { newSealKeys, writeArchive, type Written } from './write.ts';

/** Dumps a target into the primary store, as an archive of the tier. */
export const takeArchive = async (app: App, target: Target, tier: 'daily' | 'safety'): Promise<Written> => {
  const newKeys = newSealKeys(app); // derived while the server answers
  const source = await openSource(app.run, target);
  app.run.log.info({ target: target.name, source: addressOf(source) }, 'backup started');
  const dump = await engineOf(target).dump(app.run, source);
  try {
    return await writeArchive(app, target, dump, tier, newKeys);
  } finally {
    await dump.close();
  }
};
