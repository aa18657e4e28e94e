import { newestOf } from '../archives/facts.ts';
import { messageOf } from '../core/errors.ts';
import type { Space, Store } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { archiveReader, type ArchiveReader, type KnownArchives } from '../archives/known.ts';
import { forecaster, type Forecaster } from './space.ts';
import type { ArchivesState } from './archives-state.ts';

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
const bytesIn = ({ kind }: Store, { archives, objects }: ArchivesState): number =>
  kind === 'directory'
    ? sum([...new Map(archives.map(({ manifest }) => [manifest.id, manifest.archiveBytes])).values()])
    : sum(objects.map(({ bytes }) => bytes));

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

const copyOf = ({ target, archives }: ArchivesState, replica: KnownArchives): CopyState => {
  const files = new Set(replica.objects.map(({ key }) => key));
  const there = new Set(replica.archives.map(({ key }) => key).filter((key) => files.has(key)));
  const copied = archives.filter(({ key }) => there.has(key));
  const newest = newestOf(copied)?.manifest.startedAt;
  return { target: target.name, missing: archives.length - copied.length, newest };
};

const readReplica = async (
  app: App,
  store: Store,
  { read }: ArchiveReader,
  targets: readonly ArchivesState[],
  at: Date,
): Promise<StoreState> => {
  const { location } = store;
  try {
    const copies: CopyState[] = [];
    let archiveBytes = 0;
    for (const state of targets) {
      const replica = await read(state.target.name, at);
      archiveBytes += sum(replica.objects.map(({ bytes }) => bytes));
      copies.push(copyOf(state, replica));
    }
    return { location, up: true, archiveBytes, copies };
  } catch (error) {
    app.run.log.warn({ store: location, problem: messageOf(error) }, 'the replica could not be read');
    return { location, up: false, copies: [] };
  }
};

/** Reads the state of every store, the primary first; of a replica, manifests that are new or changed. */
export const storesReader = (app: App) => {
  const fullSeconds = forecaster(app);
  const replicas = app.stores.replicas.map((store) => ({ store, reader: archiveReader(app, store, { sizes: true }) }));
  return async (targets: readonly ArchivesState[], at: Date): Promise<readonly StoreState[]> => {
    const states = [await readPrimary(app.stores.primary, fullSeconds, targets, at)];
    for (const { store, reader } of replicas) states.push(await readReplica(app, store, reader, targets, at));
    return states;
  };
};
