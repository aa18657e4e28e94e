import { findAnomalies, type Measured } from './anomalies.ts';
import { isVerified } from '../archives/facts.ts';
import { restoreTime } from './anomaly/duration.ts';
import type { Manifest } from '../archives/manifest.ts';
import { forecastSpace, type Kept } from './anomaly/space-forecast.ts';
import { messageOf } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import { retentionOf } from '../plan/parse.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { catalogOf } from '../archives/of-target.ts';

type Archives = readonly (Kept['archives'][number] & Pick<Manifest, 'verifications'>)[];

const archivesOf = async (app: App, target: Target): Promise<Archives> => {
  const { archives } = await catalogOf(app, app.stores.primary, target.name);
  return archives.map(({ key, manifest }) => ({
    ...manifest,
    key,
    verified: isVerified(manifest),
  }));
};

/** What is unusual about the newest of a target's archives, and which of its objectives are likely to be missed. */
export const anomaliesOf = (
  { plan }: App,
  target: Target,
  archives: readonly (Measured & Pick<Manifest, 'verifications'>)[],
): readonly string[] => [
  ...findAnomalies(archives, plan.anomalies, parseDuration(target.deadline)),
  ...restoreTime(
    archives.flatMap(({ verifications }) => verifications),
    plan.anomalies,
    parseDuration(target.rto),
  ),
];

/** All targets share the store, so each one's growth counts. */
const spaceWarnings = async (app: App): Promise<readonly string[]> => {
  const { plan, stores, run } = app;
  const space = plan.anomalies.enabled ? await stores.primary.space() : undefined;
  if (!space) return [];
  const targets: Kept[] = [];
  for (const target of plan.targets)
    targets.push({ archives: await archivesOf(app, target), policy: retentionOf(plan, target) });
  const store = { location: stores.primary.location, freeBytes: space.freeBytes };
  const warning = forecastSpace(targets, store, run.now(), plan.anomalies.forecastDays);
  return warning ? [warning] : [];
};

/** What cannot be looked at is logged: it must not fail a backup that is committed. */
const orNone = async (app: App, find: () => Promise<readonly string[]>): Promise<readonly string[]> => {
  try {
    return await find();
  } catch (error) {
    app.run.log.warn({ problem: messageOf(error) }, 'anomalies could not be looked for');
    return [];
  }
};

/** What is unusual about the newest archive of a target, and about the store that it went to; logged as well. */
export const backupWarnings = async (app: App, target: Target): Promise<readonly string[]> => {
  const warnings = await orNone(app, async () => [
    ...anomaliesOf(app, target, await archivesOf(app, target)),
    ...(await spaceWarnings(app)),
  ]);
  for (const warning of warnings) app.run.log.warn({ target: target.name }, warning);
  return warnings;
};

/** As `backupWarnings`, of all targets or one, each sentence with its target's name before it. */
export const reportWarnings = (app: App, only: string | undefined): Promise<readonly string[]> =>
  orNone(app, async () => {
    const warnings: string[] = [];
    for (const target of app.plan.targets.filter(({ name }) => !only || name === only))
      for (const warning of anomaliesOf(app, target, await archivesOf(app, target)))
        warnings.push(`${target.name}: ${warning}`);
    return [...warnings, ...(await spaceWarnings(app))];
  });
