import { BackupError } from '../core/errors.ts';
import type { BaseFacts, LogWork } from '../engines/engine-log.ts';
import { isWithin, type Stretch } from './cover.ts';
import { readGap } from './gaps.ts';
import { readIndex, type HourIndex } from './index-chain.ts';
import { indexKey, parsePieceKey, pieceKey, timelineFolder, type HourPlace } from './names.ts';
import type { LogPlace } from './place.ts';
import { openLogReader, type OpenedLog } from './reader.ts';
import { readStored, type StoredLog } from './stored.ts';

/** Log that a base needs, in its store. */
export interface LogOfBase {
  readonly place: LogPlace;
  readonly log: Pick<LogWork, 'ancestors' | 'formatPosition'>;
  readonly facts: BaseFacts;
}

const damaged = (message: string): BackupError => new BackupError('archive.damaged', message);

/** Every object that an index lists is there, as far as it holds log from the position on. */
const assertListed = (
  { target }: LogPlace,
  hour: HourPlace,
  { pieces }: HourIndex,
  there: ReadonlySet<string>,
  from: bigint,
): void => {
  for (const file of pieces) {
    const key = `${timelineFolder(target, hour.system, hour.timeline)}${file}`;
    const piece = parsePieceKey(target, key);
    if (!piece)
      throw damaged(`index ${indexKey(target, hour)} lists ${file}, which is not the name of a piece`);
    if (piece.to > from && !there.has(key))
      throw damaged(`piece ${key} is gone; index ${indexKey(target, hour)} lists it`);
  }
};

/** The hours of a timeline: each one proves itself, and names the one before. */
const verifyHours = async (
  place: LogPlace,
  hours: readonly HourPlace[],
  there: ReadonlySet<string>,
  from: bigint,
): Promise<void> => {
  let previous: HourIndex | undefined;
  for (const hour of hours) {
    const index = await readIndex(place, hour);
    if (previous && index.previous !== previous.mac)
      throw damaged(
        `index ${indexKey(place.target, hour)} does not follow that of ${previous.hour}: one between them is gone, or one was exchanged`,
      );
    assertListed(place, hour, index, there, from);
    previous = index;
  }
};

const verifyIndexes = async ({ place, facts }: LogOfBase, { timelines }: OpenedLog): Promise<StoredLog> => {
  const { hours } = await readStored(place, facts.system);
  const stored = await readStored(place, facts.system); // after the indexes: what they list was stored before them
  const there = new Set(stored.pieces.map((piece) => pieceKey(place.target, piece)));
  for (const { timeline } of timelines)
    await verifyHours(
      place,
      hours.filter((hour) => hour.timeline === timeline).toSorted((a, b) => a.hour.localeCompare(b.hour)),
      there,
      facts.start,
    );
  return stored;
};

/** Whether the receiver told of a hole when it found it. */
const isTold = async (place: LogPlace, { gaps }: StoredLog, hole: Stretch): Promise<boolean> => {
  const gap = gaps.find((each) => isWithin(hole, each));
  if (gap) await readGap(place, gap);
  return gap !== undefined;
};

/** @throws BackupError log.gap */
const assertWhole = (
  { place, log, facts }: LogOfBase,
  { end, endTime, hole }: OpenedLog,
  isKnown: boolean,
) => {
  const before = `the newest instant before is ${endTime.toISOString()}`;
  if (hole && !isKnown)
    throw new BackupError(
      'log.gap',
      `log from ${log.formatPosition(hole.from)} to ${log.formatPosition(hole.to)} is not in ${place.store.location}; ${before}`,
    );
  if (end < facts.end)
    throw new BackupError(
      'log.gap',
      `the base is whole at ${log.formatPosition(facts.end)}, the stored log ends at ${log.formatPosition(end)}`,
    );
};

/**
 * Proves the log from a base on. `quick`: names leave no hole up to the end, indexes prove themselves and each other, and what they
 * list is there; `deep`: every byte too. A hole that is recorded is borne where `olderBase`: a newer base follows it.
 * @throws BackupError log.gap, archive.damaged, store.*
 */
export const verifyLog = async (
  base: LogOfBase,
  level: 'quick' | 'deep',
  { olderBase = false } = {},
): Promise<void> => {
  const { place, log, facts } = base;
  const { system, timeline, start } = facts;
  const opened = await openLogReader(place, log, { system, timeline, from: start });
  const stored = await verifyIndexes(base, opened);
  const { hole } = opened;
  assertWhole(base, opened, olderBase && hole !== undefined && (await isTold(place, stored, hole)));
  if (level === 'deep') for await (const bytes of opened.read(start)) void bytes;
};
