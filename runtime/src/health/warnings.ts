import { messageOf } from '../core/errors.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { forecastSpace } from './anomaly/space-forecast.ts';
import { archivesStateReader } from './archives-state.ts';
import { readGrowth, recentGrowth } from './growth-together.ts';

/** All targets share the store, so each one's growth counts. @param growth of all of them */
const spaceWarnings = async (
  { plan, stores }: App,
  growth: () => Promise<readonly number[]>,
): Promise<readonly string[]> => {
  const space = plan.anomalies.enabled ? await stores.primary.space() : undefined;
  if (!space) return [];
  const store = { location: stores.primary.location, freeBytes: space.freeBytes };
  const warning = forecastSpace([await growth()], store, plan.anomalies.forecastDays);
  return warning ? [warning] : [];
};

/** What cannot be looked at is logged: it must not fail a backup that is committed. */
const orNone = async (app: App, find: () => Promise<readonly string[]>): Promise<readonly string[]> => {
  try {
    return await find();
  } catch (error) {
    app.run.log.warn({ problem: messageOf(error) }, 'anomalies could not be checked');
    return [];
  }
};

/** What is unusual about the newest archive of a target, and about the store that it went to; logged as well. */
export const backupWarnings = async (app: App, target: Target): Promise<readonly string[]> => {
  const read = archivesStateReader(app);
  const warnings = await orNone(app, async () => [
    ...(await read(target, app.run.now())).anomalies,
    ...(await spaceWarnings(app, () => recentGrowth(app, read))),
  ]);
  for (const warning of warnings) app.run.log.warn({ target: target.name }, warning);
  return warnings;
};

/** Start of what a report says of a target. */
export const warningStart = ({ name }: Pick<Target, 'name'>): string => `${name}: `;

/**
 * As `backupWarnings`, of some targets, each sentence with its target's name before it.
 * @param space whether the store is looked at, too, which every target takes room of
 */
export const reportWarnings = (
  app: App,
  targets: readonly Target[],
  space: boolean,
): Promise<readonly string[]> =>
  orNone(app, async () => {
    const read = archivesStateReader(app);
    const warnings: string[] = [];
    for (const target of targets)
      for (const warning of (await read(target, app.run.now())).anomalies)
        warnings.push(`${warningStart(target)}${warning}`);
    return space ? [...warnings, ...(await spaceWarnings(app, () => readGrowth(app, read)))] : warnings;
  });
