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

const logOf = (target: string, system: string, keys: readonly string[]): StoredLog => ({
  system,
  pieces: keys.map((key) => parsePieceKey(target, key)).filter(isThere),
  histories: keys.map((key) => parseHistoryKey(target, key)).filter(isThere),
  gaps: keys.map((key) => parseGapKey(target, key)).filter(isThere),
  hours: keys.map((key) => parseIndexKey(target, key)).filter(isThere),
});

/** Looks at the names of one system's log. */
export const readStored = async ({ store, target }: LogPlace, system: string): Promise<StoredLog> => {
  const objects = await listed(store, systemFolder(target, system));
  return logOf(
    target,
    system,
    objects.map(({ key }) => key),
  );
};

/** The log of all systems that a target has had, as far as it is there, by one listing. */
export const readAllStored = async ({ store, target }: LogPlace): Promise<readonly StoredLog[]> => {
  const objects = await listed(store, walFolder(target));
  const systemOf = (key: string): string => key.slice(walFolder(target).length).split('/')[0] ?? '';
  const bySystem = Map.groupBy(
    objects.map(({ key }) => key),
    systemOf,
  );
  return [...bySystem]
    .filter(([system]) => /^[1-9]\d{0,19}$/.test(system))
    .map(([system, keys]) => logOf(target, system, keys));
};
