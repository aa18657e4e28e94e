import { listed } from '../store/listed.ts';
import {
  parseGapKey,
  parseHistoryKey,
  parseIndexKey,
  parsePieceKey,
  systemFolder,
  walFolder,
  type GapName,
  type HistoryName,
  type HourPlace,
  type PieceName,
} from './names.ts';
import type { LogPlace } from './place.ts';

/** What a store has of the log of one system, by names alone. */
export interface StoredLog {
  readonly system: string;
  readonly pieces: readonly PieceName[];
  readonly histories: readonly HistoryName[];
  readonly gaps: readonly GapName[];
  readonly hours: readonly HourPlace[];
}

const isThere = <T>(value: T | undefined): value is T => value !== undefined;

/** Looks at the names of one system's log. */
export const readStored = async ({ store, target }: LogPlace, system: string): Promise<StoredLog> => {
  const keys = (await listed(store, systemFolder(target, system))).map(({ key }) => key);
  return {
    system,
    pieces: keys.map((key) => parsePieceKey(target, key)).filter(isThere),
    histories: keys.map((key) => parseHistoryKey(target, key)).filter(isThere),
    gaps: keys.map((key) => parseGapKey(target, key)).filter(isThere),
    hours: keys.map((key) => parseIndexKey(target, key)).filter(isThere),
  };
};

/** The systems that a target has had, as far as their log is there. */
export const storedSystems = async ({ store, target }: LogPlace): Promise<readonly string[]> => {
  const systems = new Set<string>();
  for await (const objects of store.list(walFolder(target)))
    for (const { key } of objects) {
      const [system = ''] = key.slice(walFolder(target).length).split('/');
      if (/^[1-9]\d{0,19}$/.test(system)) systems.add(system);
    }
  return [...systems];
};
