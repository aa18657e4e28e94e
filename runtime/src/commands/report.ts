import { verificationFolder } from '../contract/names.ts';
import { formatBytes, formatSeconds, stamp } from '../core/units.ts';
import type { Store } from '../store/store.ts';
import type { App } from './app.ts';
import { table } from './table.ts';
import type { Verified } from './verify.ts';

/** Content of `verification_report_<date>.json`. */
export interface VerificationReport {
  readonly environment: string;
  readonly generatedAt: string;
  readonly status: 'passed' | 'failed';
  readonly archives: number;
  readonly failed: number;
  readonly results: readonly Verified[];
}

export const buildReport = (
  environment: string,
  now: Date,
  results: readonly Verified[],
): VerificationReport => {
  const failed = results.filter(({ ok }) => !ok).length;
  return {
    environment,
    generatedAt: now.toISOString(),
    status: failed === 0 ? 'passed' : 'failed',
    archives: results.length,
    failed,
    results,
  };
};

/** The report for people, also what `verify` prints on a terminal. */
export const renderReport = (report: VerificationReport): string => {
  const rows = report.results.map((result) => [
    result.target,
    result.store,
    result.archive,
    result.level,
    result.archiveBytes === undefined ? '' : formatBytes(result.archiveBytes),
    formatSeconds(result.seconds),
    result.problem ? `${result.problem.code}: ${result.problem.message}` : 'ok',
  ]);
  return [
    `Verification of ${report.environment} at ${report.generatedAt}: ${report.status}`,
    `${report.archives} checked, ${report.failed} failed`,
    '',
    table(['target', 'store', 'archive', 'level', 'size', 'took', 'result'], rows),
    '',
  ].join('\n');
};

const keyOf = (date: string, ending: string): string =>
  `${verificationFolder}/verification_report_${date}.${ending}`;

const putText = (store: Store, key: string, text: string): Promise<number> =>
  store.put(
    key,
    (async function* () {
      yield Buffer.from(text);
    })(),
    { replace: true },
  );

const dayMs = 86_400_000;

const removeOld = async (store: Store, now: Date, days: number): Promise<void> => {
  for await (const { key, modified } of store.list(`${verificationFolder}/`))
    if (now.getTime() - modified.getTime() > days * dayMs) await store.remove(key);
};

/** Writes a report as JSON and text into every store, moves `latest_verification.json`, and removes old reports. */
export const storeReport = async (app: App, report: VerificationReport): Promise<string> => {
  const date = stamp(new Date(report.generatedAt)).slice(0, 8);
  const days = app.plan.verification.reportDays ?? app.plan.retention.days;
  for (const store of [app.stores.primary, ...app.stores.replicas]) {
    await putText(store, keyOf(date, 'txt'), renderReport(report));
    await putText(store, keyOf(date, 'json'), `${JSON.stringify(report, null, 2)}\n`);
    await store.point(`${verificationFolder}/latest_verification.json`, keyOf(date, 'json'));
    await removeOld(store, app.run.now(), days);
  }
  return keyOf(date, 'json');
};
