import type { Believed } from '../../archives/authentic.ts';
import { drillsOf, isRegular, newestOf, sizeRatio, verifiedAt } from '../../archives/facts.ts';
import type { Manifest } from '../../archives/manifest.ts';
import { readRuns, runsOf } from '../../runs/records.ts';
import { latestOf, secondsSince } from '../../core/times.ts';
import { parseDuration } from '../../core/units.ts';
import { nextRun } from '../../plan/cron.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import { catalogOf } from '../../archives/of-target.ts';

/** How a target stands against its objectives. */
export interface TargetStatus {
  readonly target: string;
  readonly engine: string;
  readonly archives: number;
  /** What lies among them and does not count, and why. */
  readonly setAside: readonly {
    readonly archive: string;
    readonly code: string;
    readonly problem: string;
  }[];
  readonly newest?: string;
  readonly startedAt?: string;
  readonly ageSeconds?: number;
  readonly rpoSeconds: number;
  /** False where there is no archive, or it is older than the RPO. */
  readonly withinRpo: boolean;
  readonly archiveBytes?: number;
  /** Size of the newest archive over the median of the seven before it; absent for the first archive. */
  readonly sizeRatio?: number;
  readonly verifiedAt?: string;
  /** The latest backup that was tried. */
  readonly lastRun?: { readonly startedAt: string; readonly ok: boolean; readonly failure?: string };
  readonly rtoSeconds: number;
  /** The latest restore into a scratch server; `seconds` only where it succeeded. */
  readonly lastDrill?: {
    readonly at: string;
    readonly ok: boolean;
    readonly seconds?: number;
    readonly withinRto: boolean;
  };
  readonly nextRun?: string;
}

const lastDrill = (manifests: readonly Manifest[], rtoSeconds: number): TargetStatus['lastDrill'] => {
  const last = drillsOf(manifests)
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .at(-1);
  if (!last) return undefined;
  const { at, ok, seconds } = last;
  const withinRto = ok && seconds !== undefined && seconds <= rtoSeconds;
  return { at, ok, ...(seconds !== undefined && { seconds }), withinRto };
};

const lastRun = async (app: App, target: string): Promise<TargetStatus['lastRun']> => {
  for await (const { startedAt, ok, failure } of readRuns(app.stores.primary, runsOf(app, target), 'backup'))
    return { startedAt, ok, ...(failure && { failure: failure.code }) };
  return undefined;
};

/** What the newest archive says. */
const ofNewest = (newest: Believed, now: Date) => {
  const { startedAt, archiveBytes } = newest.manifest;
  const ageSeconds = Math.floor(secondsSince(startedAt, now));
  return { newest: newest.key, startedAt, archiveBytes, ageSeconds };
};

const statusOf = async (app: App, target: Target): Promise<TargetStatus> => {
  const now = app.run.now();
  const { archives, broken } = await catalogOf(app, app.stores.primary, target.name);
  const manifests = archives.map(({ manifest }) => manifest).filter(isRegular);
  const [rpoSeconds, rtoSeconds] = [parseDuration(target.rpo), parseDuration(target.rto)];
  const last = newestOf(archives);
  const newest = last && ofNewest(last, now);
  const optional = {
    sizeRatio: sizeRatio(manifests),
    verifiedAt: latestOf(manifests.map(verifiedAt).filter((time) => time !== undefined)),
    lastRun: await lastRun(app, target.name),
    lastDrill: lastDrill(manifests, rtoSeconds),
    nextRun: nextRun(target.schedule, now)?.toISOString(),
  };
  return {
    target: target.name,
    engine: target.engine,
    archives: manifests.length,
    setAside: broken.map(({ key, error }) => ({ archive: key, code: error.code, problem: error.message })),
    ...newest,
    rpoSeconds,
    withinRpo: newest !== undefined && newest.ageSeconds <= rpoSeconds,
    rtoSeconds,
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<TargetStatus>),
  };
};

/** State of every target in the primary store. */
export const status = (app: App): Promise<readonly TargetStatus[]> =>
  Promise.all(app.plan.targets.map((target) => statusOf(app, target)));
