import { listFiles, survey, type Survey } from './survey.ts';
import { throwIfStopped } from '../core/stopped.ts';
import { dayMs } from '../core/units.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import type { Store, StoredObject } from '../store/store.ts';
import { allStores, type App } from '../session/app.ts';
import { expectedOf } from './of-target.ts';

/** Killed runs leave partial files; a run that is older than this is dead: no deadline is longer than a day. */
const leftoverGraceMs = dayMs;

/** What is older than this belongs to no run that still goes on. */
export const graceEnd = ({ run }: Pick<App, 'run'>): Date => new Date(run.now().getTime() - leftoverGraceMs);

/** True where another store still has its manifest: then the manifest was lost, not the run killed. */
const isDescribedElsewhere = (key: string, here: Survey, all: readonly Survey[]): boolean =>
  all.some(
    (other) => other !== here && [...other.archives, ...other.broken].some((archive) => archive.key === key),
  );

/**
 * Orphans that can go: past the grace time, in no other store's catalogue, and not all that is left of the target: a
 * manifest may have been lost, and openssl can read an archive without one.
 */
export const removableOrphans = (app: App, here: Survey, all: readonly Survey[]): readonly StoredObject[] =>
  here.archives.length === 0
    ? []
    : here.orphans.filter(
        ({ key, modified }) => modified < graceEnd(app) && !isDescribedElsewhere(key, here, all),
      );

export const surveyAll = async (app: App, target: string): Promise<readonly Survey[]> => {
  const surveys: Survey[] = [];
  for (const store of allStores(app)) surveys.push(await survey(store, expectedOf(app, target)));
  return surveys;
};

const removeFrom = async (app: App, store: Store, key: string): Promise<void> => {
  throwIfStopped(app.run);
  app.run.log.warn({ archive: key, store: store.location }, 'removed what a killed run left');
  await removeUnlessLocked(store, key);
};

const hasOrphans = async (app: App, target: string): Promise<boolean> => {
  for (const store of allStores(app)) if ((await listFiles(store, target)).orphans.length > 0) return true;
  return false;
};

/** Removes what killed runs left of archives in every store; call it under the target's lock. */
export const removeOrphans = async (app: App, target: string): Promise<void> => {
  if (!(await hasOrphans(app, target))) return; // as a rule; spares reading every manifest
  const all = await surveyAll(app, target);
  for (const here of all)
    for (const { key } of removableOrphans(app, here, all)) await removeFrom(app, here.store, key);
};
