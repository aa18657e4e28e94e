import { newestOf } from '../archives/facts.ts';
import { isManifest } from '../archives/layout.ts';
import { isSettled, type KnownArchives } from '../archives/known.ts';
import { messageOf } from '../core/errors.ts';
import { sideBySide } from '../core/side-by-side.ts';
import { sum } from '../core/sum.ts';
import { printOf } from '../store/print.ts';
import type { Space, Store } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { archivesIn, type ArchivesState, type CountedArchive } from './archives-state.ts';
import { changesReader } from './changes-reader.ts';
import { secondsUntilFull } from './space.ts';
import { targetsTogether } from './targets-together.ts';
import { whileSame } from './while-same.ts';

/** Archives of a target in a replica. */
export interface CopyState {
  readonly target: string;
  /** Archives of the primary store that it lacks. */
  readonly missing: number;
  /** Start of the newest archive that it has. */
  readonly newest?: string | undefined;
}

/** What is known of a store. */
export interface StoreState {
  readonly location: string;
  readonly up: boolean;
  /** Absent where it could not be read. */
  readonly archiveBytes?: number;
  readonly space?: Space | undefined;
  /** Of the primary store, where its space has a limit; Infinity beyond the forecast. */
  readonly fullSeconds?: number;
  readonly copies: readonly CopyState[];
}

const bytesIn = ({ kind }: Store, { backupBytes, storedBytes }: ArchivesState): number =>
  kind === 'directory' ? backupBytes : storedBytes;

const readPrimary = async (
  primary: Store,
  targets: readonly ArchivesState[],
  at: Date,
): Promise<StoreState> => {
  const space = await primary.space();
  return {
    location: primary.location,
    up: true,
    archiveBytes: sum(targets.map((target) => bytesIn(primary, target))),
    ...(space && { space, fullSeconds: secondsUntilFull(targets, space, at) }),
    copies: [],
  };
};

/** What a replica has of a target. */
interface Copies extends CopyState {
  readonly bytes: number;
}

/** An archive is there where it counts and its file is. @param here the archives of the primary store, oldest first */
const copiesOf = (
  target: string,
  here: readonly CountedArchive[],
  { objects, archives }: KnownArchives,
): Copies => {
  const files = new Set(objects.map(({ key }) => key));
  const there = new Set(archives.map(({ key }) => key).filter((key) => files.has(key)));
  const copied = here.filter(({ key }) => there.has(key));
  return {
    target,
    bytes: sum(objects.map(({ bytes }) => bytes)),
    missing: here.length - copied.length,
    newest: newestOf(copied)?.manifest.startedAt,
  };
};

/** What a replica has of targets, found again where a listing of either store changed. */
const copiesReader = (app: App, replica: Store) => {
  const reader = changesReader(app, replica, { sizes: true });
  const kept = whileSame<Copies>();
  return async (state: ArchivesState, at: Date): Promise<Copies> => {
    const { name } = state.target;
    const { list, readListed } = reader();
    const listing = await list(name);
    const there = printOf(listing.objects, isManifest);
    const print = state.print === undefined || there === undefined ? undefined : `${state.print} ${there}`;
    return kept(name, print, at, async () => {
      const known = await readListed(name, listing, at);
      return { value: copiesOf(name, archivesIn(state), known), lasts: isSettled(state) && isSettled(known) };
    });
  };
};

type ReadCopies = ReturnType<typeof copiesReader>;

const readReplica = async (
  app: App,
  { location }: Store,
  read: ReadCopies,
  targets: readonly ArchivesState[],
  at: Date,
): Promise<StoreState> => {
  try {
    const copies = await sideBySide(targets, targetsTogether, (state) => read(state, at));
    return { location, up: true, archiveBytes: sum(copies.map(({ bytes }) => bytes)), copies };
  } catch (error) {
    app.run.log.warn({ store: location, problem: messageOf(error) }, 'the replica could not be read');
    return { location, up: false, copies: [] };
  }
};

/** Reads the state of every store, the primary first; of a replica, what is new or changed. */
export const storesReader = (app: App) => {
  const replicas = app.stores.replicas.map((store) => ({ store, read: copiesReader(app, store) }));
  return async (targets: readonly ArchivesState[], at: Date): Promise<readonly StoreState[]> => {
    const states = [await readPrimary(app.stores.primary, targets, at)];
    for (const { store, read } of replicas) states.push(await readReplica(app, store, read, targets, at));
    return states;
  };
};
