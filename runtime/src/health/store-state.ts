import { newestOf } from '../archives/facts.ts';
import { messageOf } from '../core/errors.ts';
import { sideBySide } from '../core/side-by-side.ts';
import type { Space, Store } from '../store/store.ts';
import type { App } from '../session/app.ts';
import type { KnownArchives } from '../archives/known.ts';
import { forecaster, type Forecaster } from './space.ts';
import type { ArchivesState } from './archives-state.ts';
import { derivedOfArchives, type ReadDerived } from './derived-of-archives.ts';
import { targetsTogether } from './targets-together.ts';

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

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** In a directory the copies of an archive are hard links, which share its id. */
const bytesIn = ({ kind }: Store, { archives, storedBytes }: ArchivesState): number =>
  kind === 'directory'
    ? sum([...new Map(archives.map(({ manifest }) => [manifest.id, manifest.archiveBytes])).values()])
    : storedBytes;

const readPrimary = async (
  primary: Store,
  fullSeconds: Forecaster,
  targets: readonly ArchivesState[],
  at: Date,
): Promise<StoreState> => {
  const space = await primary.space();
  return {
    location: primary.location,
    up: true,
    archiveBytes: sum(targets.map((target) => bytesIn(primary, target))),
    ...(space && { space, fullSeconds: await fullSeconds(targets, space, at) }),
    copies: [],
  };
};

/** What a replica has of a target. */
interface Copies {
  readonly bytes: number;
  /** Keys of archives that count, and whose files are there. */
  readonly there: ReadonlySet<string>;
}

const copiesIn = ({ objects, archives }: KnownArchives): Copies => {
  const files = new Set(objects.map(({ key }) => key));
  return {
    bytes: sum(objects.map(({ bytes }) => bytes)),
    there: new Set(archives.map(({ key }) => key).filter((key) => files.has(key))),
  };
};

const copyOf = ({ target, archives }: ArchivesState, { there }: Copies): CopyState => {
  const copied = archives.filter(({ key }) => there.has(key));
  const newest = newestOf(copied)?.manifest.startedAt;
  return { target: target.name, missing: archives.length - copied.length, newest };
};

const readReplica = async (
  app: App,
  store: Store,
  read: ReadDerived<Copies>,
  targets: readonly ArchivesState[],
  at: Date,
): Promise<StoreState> => {
  const { location } = store;
  try {
    const found = await sideBySide(targets, targetsTogether, async (state) => {
      const copies = await read(state.target.name, at, copiesIn);
      return { bytes: copies.bytes, copy: copyOf(state, copies) };
    });
    const archiveBytes = sum(found.map(({ bytes }) => bytes));
    return { location, up: true, archiveBytes, copies: found.map(({ copy }) => copy) };
  } catch (error) {
    app.run.log.warn({ store: location, problem: messageOf(error) }, 'the replica could not be read');
    return { location, up: false, copies: [] };
  }
};

/** Reads the state of every store, the primary first; of a replica, manifests that are new or changed. */
export const storesReader = (app: App) => {
  const fullSeconds = forecaster(app);
  const replicas = app.stores.replicas.map((store) => ({
    store,
    read: derivedOfArchives<Copies>(app, store, true),
  }));
  return async (targets: readonly ArchivesState[], at: Date): Promise<readonly StoreState[]> => {
    const states = [await readPrimary(app.stores.primary, fullSeconds, targets, at)];
    for (const { store, read } of replicas) states.push(await readReplica(app, store, read, targets, at));
    return states;
  };
};
