import { verificationFolder } from '../../contract/names.ts';
import { messageOf } from '../../core/errors.ts';
import { printable } from '../../core/printable.ts';
import { dayMs, stamp } from '../../core/units.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import { listed } from '../../store/listed.ts';
import { removeUnlessLocked } from '../../store/remove.ts';
import type { Store } from '../../store/store.ts';
import type { App } from '../../session/app.ts';
import type { VerificationReport } from './result.ts';
import { renderReport } from './text.ts';
import type { VerifyLevel } from '../../contract/verify-levels.ts';

type Findings = Omit<VerificationReport, 'status' | 'archives' | 'failed'>;

/** The report that says what was found. Pure. */
export const buildReport = ({
  environment,
  part,
  generatedAt,
  stopped,
  results,
  ...rest
}: Findings): VerificationReport => {
  const failed = results.filter(({ ok }) => !ok).length;
  return {
    environment,
    ...(part && { part }),
    generatedAt,
    status: failed === 0 && stopped === undefined ? 'passed' : 'failed',
    archives: results.length,
    failed,
    ...(stopped !== undefined && { stopped }),
    ...rest,
    results,
  };
};

/** Drills have reports of their own, so that they do not take the place of the day's verification. */
const reportNames = (level: VerifyLevel, date: string) => {
  const kind = level === 'drill' ? 'drill' : 'verification';
  const report = `${verificationFolder}/${kind}_report_${date}`;
  return {
    json: `${report}.json`,
    txt: `${report}.txt`,
    latest: `${verificationFolder}/latest_${kind}.json`,
  };
};

const putText = (store: Store, key: string, text: string): Promise<number> =>
  store.put(key, () => oneChunk(text), { replace: true });

const removeOld = async (store: Store, now: Date, days: number): Promise<void> => {
  for (const { key, modified } of await listed(store, `${verificationFolder}/`))
    if (now.getTime() - modified.getTime() > days * dayMs) await removeUnlessLocked(store, key);
};

/** Writes a report as JSON and text, moves the alias of the newest, and removes old reports. */
const storeIn = async (
  app: App,
  store: Store,
  report: VerificationReport,
  level: VerifyLevel,
): Promise<void> => {
  const names = reportNames(level, stamp(new Date(report.generatedAt)).slice(0, 8));
  await putText(store, names.txt, printable(renderReport(report)));
  await putText(store, names.json, `${printable(JSON.stringify(report, null, 2))}\n`);
  await store.point(names.latest, names.json);
  await removeOld(store, app.run.now(), app.plan.verification.reportDays ?? app.plan.retention.days);
};

/** Stores a report everywhere. A replica that is away is in the report as a problem already, so it only warns here. */
export const storeReport = async (
  app: App,
  report: VerificationReport,
  level: VerifyLevel,
): Promise<void> => {
  await storeIn(app, app.stores.primary, report, level);
  for (const replica of app.stores.replicas)
    await storeIn(app, replica, report, level).catch((error: unknown) =>
      app.run.log.warn({ store: replica.location, problem: messageOf(error) }, 'report not stored'),
    );
};
