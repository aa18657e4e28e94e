import type { Target } from '../plan/schema.ts';
import { addressOf, engineOf, openSource, type App } from '../session/app.ts';
import { newestOf } from './facts.ts';
import { knownOf } from './known.ts';
import { choiceOfParts } from './parts/choice.ts';
import { newSealKeys } from './seal-keys.ts';
import { writeArchive, type Written } from './write.ts';

/** Whether the next archive is stored as parts, which the log explains. */
const choosesParts = async (app: App, target: Target): Promise<boolean> => {
  const { archives } = await knownOf(app, app.stores.primary, target.name);
  const choice = choiceOfParts(target, newestOf(archives)?.manifest.sourceBytes);
  app.run.log.info({ target: target.name, ...choice }, 'parts');
  return choice?.isParted === true;
};

/**
 * Dumps a target into the primary store, as an archive of the tier.
 * @param room settles when there is as much room in the store as there can be: nothing is written before
 * @param newKeys begun earlier, or now, while the server answers
 */
export const takeArchive = async (
  app: App,
  target: Target,
  tier: 'daily' | 'hourly' | 'safety',
  room: Promise<unknown> = Promise.resolve(),
  newKeys = newSealKeys(app),
): Promise<Written> => {
  room.catch(() => {}); // awaited below, unless the server fails first
  const source = await openSource(app.run, target);
  app.run.log.info({ target: target.name, source: addressOf(source) }, 'backup started');
  const engine = engineOf(target);
  const options = { instant: target.pointInTime !== undefined };
  if (engine.parts && (await choosesParts(app, target))) {
    await room;
    const { takeParts } = await import('./parts/take.ts');
    return takeParts(app, target, { source, work: engine.parts, options }, tier, newKeys);
  }
  const dump = await engine.dump(app.run, source, options);
  try {
    await room;
    return await writeArchive(app, target, dump, tier, newKeys);
  } finally {
    await dump.close();
  }
};
