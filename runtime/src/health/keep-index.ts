import { writeIndex, type Derived, type Rows, type Section } from '../archives/catalogue-index.ts';
import { archiveReader, decisiveOf, indexOnce, isSettled, type OpenIndex } from '../archives/known.ts';
import { isManifest } from '../archives/layout.ts';
import { expectedOf } from '../archives/of-target.ts';
import { messageOf } from '../core/errors.ts';
import type { Target } from '../plan/schema.ts';
import { recordsReader, signerOf } from '../runs/read-records.ts';
import { listRuns } from '../runs/records.ts';
import { allStores, findTarget, type App } from '../session/app.ts';
import { printOf } from '../store/print.ts';
import type { Store } from '../store/store.ts';
import { archivesFacts } from './archives-state.ts';
import { derivationOf } from './indexed.ts';
import { runsState } from './runs-state.ts';

/** What an index is to hold. */
interface Found {
  readonly rows: Rows;
  /** Undefined where the next reading may find something else although nothing changes. */
  readonly derived?: Derived | undefined;
}

const none: Section = new Map();

const readArchives = async (app: App, store: Store, { name }: Target, now: Date, index: OpenIndex) => {
  const reader = archiveReader(app, store);
  const listing = await reader.list(name);
  const known = await reader.readListed(name, listing, now, index);
  return { known, print: printOf(listing.objects, isManifest), section: reader.section(name) };
};

const readRuns = async (app: App, store: Store, { name }: Target, now: Date, index: OpenIndex) => {
  const reader = recordsReader(store, signerOf(app));
  const objects = await listRuns(store, name);
  const found = await reader.readListed(name, objects, now, index);
  return { ...found, print: printOf(objects), section: reader.section(name) };
};

/** Replicas hold no records, and no state of a target goes by them. */
const findInReplica = async (app: App, store: Store, target: Target, index: OpenIndex): Promise<Found> => {
  const { section } = await readArchives(app, store, target, app.run.now(), index);
  return { rows: { archives: section, runs: none } };
};

const findInPrimary = async (app: App, store: Store, target: Target, index: OpenIndex): Promise<Found> => {
  const now = app.run.now();
  const archives = await readArchives(app, store, target, now, index);
  const runs = await readRuns(app, store, target, now, index);
  const rows = { archives: archives.section, runs: runs.section };
  if (archives.print === undefined || runs.print === undefined) return { rows };
  if (!isSettled(archives.known) || !runs.isSettled) return { rows };
  const [at, { known }] = [now.getTime(), archives];
  const derived = {
    by: await derivationOf(app, target),
    archives: { print: archives.print, at, value: archivesFacts(app.plan, target, known) },
    decisive: decisiveOf(known),
    runs: { print: runs.print, at, value: runsState(runs.records) },
  };
  return { rows, derived };
};

const isSameSection = (a: Section, b: Section): boolean =>
  a.size === b.size &&
  [...a].every(([key, { bytes, tag }]) => b.get(key)?.bytes === bytes && b.get(key)?.tag === tag);

const isSameDerived = (a: Derived | undefined, b: Derived | undefined): boolean =>
  a?.by === b?.by && a?.archives.print === b?.archives.print && a?.runs.print === b?.runs.print;

/** Reads what the index does not know yet, and writes it anew where that is anything: in a versioned bucket each is kept. */
const keepIn = async (app: App, store: Store, name: string): Promise<void> => {
  const target = findTarget(app.plan, name);
  const index = indexOnce(app, store, name);
  const find = store === app.stores.primary ? findInPrimary : findInReplica;
  const { rows, derived } = await find(app, store, target, index);
  if (rows.archives.size === 0) return; // a backup that failed leaves nothing among archives
  const before = await index();
  const { archives, runs } = await before.rows();
  const isSame = isSameSection(rows.archives, archives) && isSameSection(rows.runs, runs);
  if (isSame && isSameDerived(derived, before.derived)) return;
  await writeIndex(app, store, expectedOf(app, name), rows, derived);
};

/** Brings the indexes of a target up to date in every store, at the end of a run; without one all else works, but slower. */
export const keepIndexes = async (app: App, name: string): Promise<void> => {
  if (!app.keys) return;
  for (const store of allStores(app))
    await keepIn(app, store, name).catch((error: unknown) =>
      app.run.log.warn(
        { store: store.location, target: name, problem: messageOf(error) },
        'the index of the catalogue could not be written',
      ),
    );
};
