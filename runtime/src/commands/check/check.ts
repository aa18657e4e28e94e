import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import { allStores, findTarget, type App } from '../../session/app.ts';
import { baseFindings } from './bases.ts';
import type { Finding } from './finding.ts';
import { findingsOf, partialsOf } from './findings.ts';
import { leftoverFindings } from './leftovers.ts';
import { logFindings } from './log.ts';
import { ofNoTarget } from './no-target.ts';
import { recorded } from '../../runs/recorded-run.ts';
import { versionFindings } from './version-findings.ts';
import { surveyAll } from '../../archives/orphans.ts';
import type { Checked, CheckReport } from './result.ts';
import { checkSummary, remaining } from './summary.ts';
import { keepIndexes } from '../../health/keep-index.ts';

const settle = async (app: App, { repair, ...finding }: Finding, repairs: boolean): Promise<Checked> => {
  const checked = { ...finding, repairable: repair !== undefined };
  if (!repair || !repairs) return checked;
  throwIfStopped(app.run);
  try {
    return { ...checked, repaired: await repair() };
  } catch (error) {
    if (app.run.signal.aborted) throw error;
    return { ...checked, failed: messageOf(error) };
  }
};

/** What is to be done about findings. */
interface Repairing {
  readonly repair: boolean;
  /** Also bring back what somebody deleted or wrote over, which may have been meant. */
  readonly undelete: boolean;
}

/** What may belong to a run that goes on is left alone; under the lock, nothing of the target does. */
const checkTarget = async (
  app: App,
  target: string,
  { repair, undelete }: Repairing,
): Promise<readonly Checked[]> => {
  const all = await surveyAll(app, target);
  const checked: Checked[] = [];
  for (const here of all)
    for (const finding of await findingsOf({ app, target, here, all, undelete }))
      checked.push(await settle(app, finding, repair));
  const named = findTarget(app.plan, target);
  const others = [baseFindings, logFindings, leftoverFindings];
  for (const finding of (await Promise.all(others.map((find) => find(app, named)))).flat())
    checked.push(await settle(app, finding, repair));
  return checked;
};

/** Looks again after repairs: a manifest that was brought back may make another archive the newest. */
const repairTwice = async (app: App, target: string, undelete: boolean): Promise<readonly Checked[]> => {
  const first = await checkTarget(app, target, { repair: true, undelete });
  const repaired = first.filter((finding) => finding.repaired);
  return repaired.length === 0
    ? first
    : [...repaired, ...(await checkTarget(app, target, { repair: true, undelete }))];
};

const repairTarget = (app: App, target: string, undelete: boolean): Promise<readonly Checked[]> =>
  recorded(app, { command: 'check', target, lock: true, summarise: checkSummary, keepIndexes }, (inner) =>
    repairTwice(inner, target, undelete),
  );

/** A target that a run works on is not at rest: it is looked at, and left as it is. */
const repairOrLook = (app: App, target: string, undelete: boolean): Promise<readonly Checked[]> =>
  repairTarget(app, target, undelete).catch((error: unknown) => {
    if (!isBackupError(error, 'lock.held')) throw error;
    app.run.log.warn({ target, problem: error.message }, 'not repaired');
    return checkTarget(app, target, { repair: false, undelete: false });
  });

const checkStores = async (app: App, repair: boolean): Promise<readonly Checked[]> => {
  const checked: Checked[] = [];
  for (const store of allStores(app))
    for (const finding of [
      ...(await partialsOf(app, store)),
      ...(await versionFindings(store)),
      ...(await ofNoTarget(app, store)),
    ])
      checked.push(await settle(app, finding, repair));
  return checked;
};

export interface CheckOptions {
  /** @default every target, and what belongs to none */
  readonly target?: string | undefined;
  readonly repair: boolean;
  /** With `repair`: brings back archives that were deleted or written over in a versioned bucket. @default false */
  readonly undelete?: boolean;
}

const findAll = async (app: App, { target, repair, undelete = false }: CheckOptions) => {
  const targets = target ? [findTarget(app.plan, target)] : app.plan.targets;
  const findings: Checked[] = [];
  for (const { name } of targets)
    findings.push(
      ...(await (repair
        ? repairOrLook(app, name, undelete)
        : checkTarget(app, name, { repair: false, undelete: false }))),
    );
  if (!target) findings.push(...(await checkStores(app, repair)));
  return findings;
};

/** Compares what the stores hold with what finished runs leave; `repair` fixes what is safe to fix. */
export const check = async (app: App, options: CheckOptions): Promise<CheckReport> => {
  if (options.undelete && !options.repair)
    throw new BackupError('usage.invalid', '--undelete goes with --repair');
  const findings = await findAll(app, options);
  const problems = remaining(findings).length;
  const repaired = findings.filter((finding) => finding.repaired).length;
  return { ok: problems === 0, problems, repaired, findings };
};
