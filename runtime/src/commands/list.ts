import { readCatalog, type Catalog } from '../catalog/catalog.ts';
import type { Manifest } from '../catalog/manifest.ts';
import { parseDuration } from '../core/units.ts';
import { nextRun } from '../plan/cron.ts';
import type { Target } from '../plan/schema.ts';
import type { Store } from '../store/store.ts';
import { findTarget, type App } from './app.ts';

/** One archive, as its manifest describes it; the manifest is read, not authenticated: `verify` does that. */
export interface Listed {
  readonly target: string;
  readonly store: string;
  readonly archive: string;
  readonly tier: string;
  readonly startedAt: string;
  readonly archiveBytes: number;
  readonly sourceBytes: number;
  /** Time of the newest successful deep verification. */
  readonly verifiedAt?: string;
  readonly problem?: string;
}

const verifiedAt = (manifest: Manifest): string | undefined =>
  manifest.verifications.findLast(({ ok }) => ok)?.at;

const rows = (target: string, store: Store, { archives, broken }: Catalog): readonly Listed[] => [
  ...broken.map(({ key, error }) => ({
    target,
    store: store.location,
    archive: key,
    tier: 'unknown',
    startedAt: '',
    archiveBytes: 0,
    sourceBytes: 0,
    problem: error.message,
  })),
  ...archives.map(({ key, signed: { manifest } }) => {
    const verified = verifiedAt(manifest);
    const { tier, startedAt, archiveBytes, sourceBytes } = manifest;
    return {
      target,
      store: store.location,
      archive: key,
      tier,
      startedAt,
      archiveBytes,
      sourceBytes,
      ...(verified && { verifiedAt: verified }),
    };
  }),
];

/** Archives of one target or all, in every store, oldest first. */
export const list = async (app: App, target?: string): Promise<readonly Listed[]> => {
  const targets = target ? [findTarget(app.plan, target)] : app.plan.targets;
  const result: Listed[] = [];
  for (const { name } of targets)
    for (const store of [app.stores.primary, ...app.stores.replicas])
      result.push(...rows(name, store, await readCatalog(store, name)));
  return result;
};

/** How a target stands against its objectives. */
export interface TargetStatus {
  readonly target: string;
  readonly engine: string;
  readonly archives: number;
  readonly newest?: string;
  readonly startedAt?: string;
  readonly ageSeconds?: number;
  readonly rpoSeconds: number;
  /** False where there is no archive, or it is older than the RPO. */
  readonly withinRpo: boolean;
  readonly archiveBytes?: number;
  readonly verifiedAt?: string;
  readonly nextRun?: string;
}

const statusOf = async (app: App, target: Target): Promise<TargetStatus> => {
  const { archives } = await readCatalog(app.stores.primary, target.name);
  const regular = archives.filter(({ signed }) => signed.manifest.tier !== 'safety');
  const newest = regular.at(-1);
  const rpoSeconds = parseDuration(target.rpo);
  const next = nextRun(target.schedule, app.run.now());
  const verified = regular
    .map(({ signed }) => verifiedAt(signed.manifest))
    .filter((time) => time !== undefined)
    .toSorted()
    .at(-1);
  const ageSeconds =
    newest && Math.floor((app.run.now().getTime() - Date.parse(newest.signed.manifest.startedAt)) / 1000);
  return {
    target: target.name,
    engine: target.engine,
    archives: regular.length,
    ...(newest && {
      newest: newest.key,
      startedAt: newest.signed.manifest.startedAt,
      archiveBytes: newest.signed.manifest.archiveBytes,
    }),
    ...(ageSeconds !== undefined && { ageSeconds }),
    rpoSeconds,
    withinRpo: ageSeconds !== undefined && ageSeconds <= rpoSeconds,
    ...(verified && { verifiedAt: verified }),
    ...(next && { nextRun: next.toISOString() }),
  };
};

/** State of every target in the primary store. */
export const status = (app: App): Promise<readonly TargetStatus[]> =>
  Promise.all(app.plan.targets.map((target) => statusOf(app, target)));
