import { BackupError } from '../../core/errors.ts';
import type { Target } from '../../plan/schema.ts';
import { allStores, engineOf, type App } from '../../session/app.ts';
import type { Store } from '../../store/store.ts';
import { factsOf } from '../../wal/base-manifest.ts';
import { readBases, verifyBase, type Base, type WholeBase } from '../../wal/bases.ts';
import { readIndexed } from '../../wal/index-problems.ts';
import { positionText, timelineFolder } from '../../wal/names.ts';
import { placeOf, type LogPlace } from '../../wal/place.ts';
import { logOf } from '../../wal/settings.ts';
import type { StoredLog } from '../../wal/stored.ts';
import { verifyLog } from '../../wal/verify.ts';
import { problemOf, tried } from './tried.ts';
import type { Verified } from './result.ts';

type Level = 'quick' | 'deep';

const verifyOneBase = (app: App, { name }: Target, base: WholeBase, level: Level): Promise<Verified> => {
  const { store, key, manifest } = base;
  const { startedAt, archiveBytes } = manifest;
  const about = { target: name, store: store.location, archive: key, tier: 'base', level };
  return tried(app, { ...about, startedAt, archiveBytes }, () => verifyBase(app, base, level));
};

type ReadLog = (system: string) => Promise<StoredLog>;

/** Names of a target's log, listed once for all bases of a system. */
const logReader = (place: LogPlace): ReadLog => {
  const known = new Map<string, Promise<StoredLog>>();
  return (system) => {
    const found = known.get(system) ?? readIndexed(place, system);
    known.set(system, found);
    return found;
  };
};

interface LogVerification {
  readonly level: Level;
  readonly olderBase: boolean;
  readonly read: ReadLog;
}

const verifyLogOf = (app: App, { name }: Target, base: Base, { level, olderBase, read }: LogVerification) => {
  const place = placeOf(app, name);
  const { log } = logOf(app.plan, name);
  const facts = factsOf(base.manifest);
  const archive = timelineFolder(name, facts.system, facts.timeline) + positionText(facts.start);
  const about = { target: name, store: place.store.location, archive, tier: 'log', level };
  return tried(app, about, async () =>
    verifyLog({ place, log, facts, stored: await read(facts.system) }, level, { olderBase }),
  );
};

/** Bases of one store, oldest first. Of a store that cannot be read its archives have said so; bases only where there have to be some. */
const basesIn = async (
  app: App,
  { name, pointInTime }: Target,
  store: Store,
  found: Verified[],
): Promise<readonly WholeBase[]> => {
  const about = { target: name, store: store.location, tier: 'base', level: 'quick' } as const;
  const failed = (archive: string, error: unknown): void =>
    void found.push({ ...about, archive, seconds: 0, ok: false, problem: problemOf(error) });
  try {
    const { bases, broken } = await readBases(app, store, name);
    for (const { key, error } of broken) failed(key, error);
    return bases;
  } catch (error) {
    if (app.run.signal.aborted) throw error;
    if (pointInTime) failed('', error);
    return [];
  }
};

const missing = ({ name }: Target, { location }: Store): Verified => ({
  target: name,
  store: location,
  archive: '',
  tier: 'none',
  level: 'quick',
  seconds: 0,
  ok: false,
  problem: problemOf(
    new BackupError('archive.unknown', `no base of ${name} is stored; take one: grill-backup base ${name}`),
  ),
});

/**
 * Verifies what a target can be restored to any instant from: every base in every store, the newest with all that it is made of at
 * `level`, and the log from each of them on. Adds each outcome to `found` as it is known.
 */
export const verifyInstants = async (
  app: App,
  target: Target,
  level: Level,
  found: Verified[],
): Promise<void> => {
  if (!engineOf(target).bases) return;
  const byId = new Map<string, Base>();
  for (const store of allStores(app)) {
    const bases = await basesIn(app, target, store, found);
    const newest = bases.at(-1);
    const atLevel = new Set([newest, ...(newest?.before ?? [])].map((base) => base?.key));
    for (const base of bases) {
      found.push(await verifyOneBase(app, target, base, atLevel.has(base.key) ? level : 'quick'));
      byId.set(base.manifest.id, base);
    }
  }
  const all = [...byId.values()].toSorted((a, b) => (a.manifest.startedAt < b.manifest.startedAt ? -1 : 1));
  const newest = all.at(-1);
  const read = logReader(placeOf(app, target.name));
  for (const base of all) {
    const olderBase = base !== newest;
    found.push(await verifyLogOf(app, target, base, { level: olderBase ? 'quick' : level, olderBase, read }));
  }
  if (target.pointInTime && newest === undefined) found.push(missing(target, app.stores.primary));
};
