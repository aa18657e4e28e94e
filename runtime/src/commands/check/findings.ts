import type { Believed } from '../../archives/authentic.ts';
import type { BrokenArchive } from '../../archives/catalogue.ts';
import { newestDaily } from '../../archives/facts.ts';
import { latestAliases, pointLatest } from '../../archives/latest.ts';
import { latestKey, manifestKey } from '../../archives/layout.ts';
import { findLock } from '../../runs/lock-state.ts';
import { doubtfulRuns, signerOf } from '../../runs/read-records.ts';
import { messageOf, type FailureCode } from '../../core/errors.ts';
import { formatBytes } from '../../core/units.ts';
import type { PutOptions, Store } from '../../store/store.ts';
import type { App } from '../../session/app.ts';
import type { Finding, Found, Place } from './finding.ts';
import { hiddenArchives } from './hidden-archives.ts';
import { missingCopies } from './missing-copies.ts';
import { graceEnd, removableOrphans } from '../../archives/orphans.ts';
import { partFindings } from './parts.ts';

/** The same archive in another store, believed and as long as it should be. */
const twinOf = ({ here, all }: Place, key: string): Believed | undefined =>
  all
    .filter((other) => other !== here)
    .flatMap(({ archives, files }) =>
      archives.filter((each) => each.key === key && files.get(key)?.bytes === each.manifest.archiveBytes),
    )
    .at(0);

const bring = async (
  app: App,
  from: Store,
  to: Store,
  key: string,
  more: PutOptions = {},
): Promise<string> => {
  await to.put(key, () => from.get(key), { ...more, replace: true, signal: app.run.signal });
  return `copied from ${from.location}`;
};

const manifestFrom =
  ({ app, here }: Place, { store, key }: Believed) =>
  () =>
    bring(app, store, here.store, manifestKey(key));

const remove = (store: Store, key: string) => async (): Promise<string> => {
  await store.remove(key);
  return 'removed';
};

const orphans = (place: Place): readonly Found[] => {
  const { app, here, all } = place;
  const removable = removableOrphans(app, here, all);
  const found: Found[] = [];
  for (const orphan of here.orphans) {
    const { key, bytes, modified } = orphan;
    const twin = twinOf(place, key);
    const usable = twin?.manifest.archiveBytes === bytes;
    const removes = removable.includes(orphan) ? remove(here.store, key) : undefined;
    found.push({
      kind: 'archive-without-manifest',
      key,
      message: `${formatBytes(bytes)} without manifest, so it does not count${usable ? `; ${twin.store.location} has its manifest` : ''}`,
      severity: modified < graceEnd(app) ? 'problem' : 'notice',
      repair: usable ? manifestFrom(place, twin) : removes,
    });
  }
  return found;
};

const missingArchive = (place: Place, key: string): Found => {
  const twin = twinOf(place, key);
  return {
    kind: 'manifest-without-archive',
    key,
    message: `the archive is gone${twin ? `; ${twin.store.location} has it` : ''}`,
    severity: 'problem',
    repair: twin
      ? () => bring(place.app, twin.store, place.here.store, key, { sha256: twin.manifest.seal.sha256 })
      : remove(place.here.store, manifestKey(key)),
  };
};

const ofArchive = (place: Place, { key, manifest }: Believed): readonly Found[] => {
  const [wanted, found] = [manifest.archiveBytes, place.here.files.get(key)?.bytes];
  if (found === undefined) return [missingArchive(place, key)];
  if (found === wanted) return [];
  const message = `the archive has ${found} bytes, its manifest says ${wanted}`;
  return [{ kind: 'size-mismatch', key, message, severity: 'problem' }];
};

const kindsAside: Readonly<Partial<Record<FailureCode, Found['kind']>>> = {
  'archive.foreign': 'archive-foreign',
  'archive.future': 'archive-future',
};

/** What was set aside: the same archive may be whole in another store. */
const ofBroken = (place: Place, { key, error }: BrokenArchive): Found => {
  const twin = twinOf(place, key);
  const repair = twin && manifestFrom(place, twin);
  const kind = kindsAside[error.code] ?? 'manifest-broken';
  return { kind, key, message: error.message, severity: 'problem', repair };
};

const archives = (place: Place): readonly Found[] => [
  ...place.here.broken.map((each) => ofBroken(place, each)),
  ...place.here.archives.flatMap((each) => ofArchive(place, each)),
];

const latest = async ({ target, here }: Place): Promise<readonly Found[]> => {
  const there = here.archives.filter(({ key }) => here.files.has(key));
  const newest = newestDaily(there);
  if (!newest) return [];
  const { manifest } = newest;
  const usual = latestKey(target, manifest);
  const points = await here.store.resolve(usual).catch(messageOf);
  const aliases = [[usual, points], ...(await latestAliases(here.store, target))] as const;
  const [alias, named] = aliases.find(([, key]) => key !== newest.key) ?? [];
  if (!alias) return [];
  const message = `points to ${named ?? 'nothing'}, the newest archive is ${newest.key}`;
  const repair = async (): Promise<string> => {
    await pointLatest(here.store, target, newest.key, manifest);
    return `points to ${newest.key}`;
  };
  return [{ kind: 'latest-wrong', key: alias, message, severity: 'problem', repair }];
};

const lock = async ({ app, target, here }: Place): Promise<readonly Found[]> => {
  if (here.store !== app.stores.primary) return [];
  const found = await findLock(here.store, target, app.run.now());
  if (!found || found.state === 'held' || found.state === 'released') return [];
  const { key, state } = found;
  const message = `${state}: the next run takes it over`;
  return [{ kind: 'lock-stale', key, message, severity: 'notice' }];
};

/** Records that count nowhere: of versions that signed none, until newer ones have taken their place, or planted. */
const records = async ({ app, target, here }: Place): Promise<readonly Found[]> => {
  if (here.store !== app.stores.primary) return [];
  const found = await doubtfulRuns(here.store, target, signerOf(app), app.run.now());
  return found.map(({ key, doubt: message }) => ({
    kind: 'record-unproved',
    key,
    message,
    severity: 'notice',
  }));
};

/** What is wrong with a target in a store. */
export const findingsOf = async (place: Place): Promise<readonly Finding[]> => {
  const copies = missingCopies(place);
  const elsewhere = new Set(copies.map(({ key }) => key));
  const hidden = (await hiddenArchives(place)).filter(({ key }) => !elsewhere.has(key));
  // What is left of a hidden archive is no litter: nothing of it is to be removed.
  const known = new Set(hidden.map(({ key }) => key));
  const found = [
    ...[...orphans(place), ...archives(place)].filter(({ key }) => !known.has(key)),
    ...(await partFindings(place)),
    ...copies,
    ...hidden,
    ...(await latest(place)),
    ...(await lock(place)),
    ...(await records(place)),
  ];
  return found.map((each) => ({ target: place.target, store: place.here.store.location, ...each }));
};

/** Partial files and uploads belong to no target: a store tells how many there are. */
export const partialsOf = async (app: App, store: Store): Promise<readonly Finding[]> => {
  const [old, every] = [await store.leftovers(graceEnd(app)), await store.leftovers(app.run.now())];
  const finding = (count: number, severity: Finding['severity'], message: string): readonly Finding[] =>
    count === 0
      ? []
      : [{ target: '', store: store.location, kind: 'partial-uploads', key: '', severity, message }];
  const repair = async (): Promise<string> => `removed ${await store.removeLeftovers(graceEnd(app))}`;
  return [
    ...finding(old, 'problem', `${old} that killed runs left`).map((each) => ({ ...each, repair })),
    ...finding(every - old, 'notice', `${every - old} of runs that go on or were killed within a day`),
  ];
};
