import { hash } from 'node:crypto';
import { isOfObject } from '../archives/catalogue.ts';
import { growthKey } from '../archives/layout.ts';
import { isBackupError, messageOf } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { sideBySide } from '../core/side-by-side.ts';
import { dayMs } from '../core/units.ts';
import { programVersion } from '../core/version.ts';
import { openObject, sealObject } from '../crypto/sealed-object.ts';
import type { App } from '../session/app.ts';
import { readSmall } from '../store/size-limits.ts';
import { comingGrowth, growthByDay } from './anomaly/space-forecast.ts';
import type { ReadArchivesState } from './archives-state.ts';
import { targetsTogether } from './targets-together.ts';

/** What the targets of a plan grow by together, bytes more than now at the end of each day. */
interface Kept {
  /** When it was found. */
  readonly at: string;
  readonly byDay: readonly number[];
}

/** How long a growth that was found counts. @default 1 day - a forecast is of days; what grew faster than ever, a backup says of its own target at once */
const lifeMs = dayMs;

const label = 'grill-backup growth\0';

/** It opens for no other plan, store or program. */
const placeOf = ({ plan, stores }: App): object => {
  const { environment, targets, retention, anomalies } = plan;
  const by = hash('sha256', JSON.stringify({ program: programVersion, targets, retention, anomalies }));
  return { format: 1, store: stores.primary.location, environment, by };
};

/** Of a few, the growth is found as fast as it is read. */
const isKept = ({ plan, keys }: App): boolean => keys !== undefined && plan.targets.length > targetsTogether;

const readKept = async (app: App, now: Date): Promise<readonly number[] | undefined> => {
  const { keys, stores } = app;
  if (!keys || !isKept(app)) return undefined;
  try {
    const sealed = await readSmall(stores.primary, growthKey, 'index');
    const content = await openObject(label, placeOf(app), sealed, keys);
    if (!content) return undefined;
    const { at, byDay } = JSON.parse(content.toString('utf8')) as Kept; // sealed by this program, in this format
    const ageMs = now.getTime() - Date.parse(at);
    return ageMs >= 0 && ageMs < lifeMs ? byDay : undefined;
  } catch (error) {
    if (isBackupError(error) && !isOfObject(error)) throw error;
    return undefined;
  }
};

/** Only a cache: where it cannot be written, the next run reads all targets again. */
const keep = async (app: App, kept: Kept): Promise<void> => {
  const { keys, stores, run } = app;
  if (!keys || !isKept(app)) return;
  try {
    const sealed = await sealObject(label, placeOf(app), Buffer.from(JSON.stringify(kept)), keys[0]);
    await stores.primary.put(growthKey, () => oneChunk(sealed), { replace: true });
  } catch (error) {
    run.log.warn({ problem: messageOf(error) }, 'the growth of all targets could not be kept');
  }
};

/** What all targets grow by together, found from the archives of each of them, and kept. */
export const readGrowth = async (app: App, read: ReadArchivesState): Promise<readonly number[]> => {
  const now = app.run.now();
  const states = await sideBySide(app.plan.targets, targetsTogether, (target) => read(target, now));
  const byDay = growthByDay(states.map(({ growth }) => comingGrowth(growth, now)));
  await keep(app, { at: now.toISOString(), byDay });
  return byDay;
};

/** The same, as some run found it within a day: each of a thousand backups a night would read a thousand targets. */
export const recentGrowth = async (app: App, read: ReadArchivesState): Promise<readonly number[]> =>
  (await readKept(app, app.run.now())) ?? readGrowth(app, read);
