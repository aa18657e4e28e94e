import { BackupError } from '../core/errors.ts';
import type { BaseFacts, LogWork } from '../engines/engine-log.ts';
import { isWithin, type Stretch } from './cover.ts';
import { readGap } from './gaps.ts';
import { indexProblems } from './index-problems.ts';
import type { LogPlace } from './place.ts';
import { openLogReader, type OpenedLog } from './reader.ts';
import type { StoredLog } from './stored.ts';

/** Log that a base needs, in its store. */
export interface LogOfBase {
  readonly place: LogPlace;
  readonly log: Pick<LogWork, 'ancestors' | 'formatPosition'>;
  readonly facts: BaseFacts;
  /** Of its system, as `readIndexed` lists it: once for all bases of a system. */
  readonly stored: StoredLog;
}

const verifyIndexes = async (
  { place, facts, stored }: LogOfBase,
  { timelines }: OpenedLog,
): Promise<void> => {
  for (const { timeline } of timelines) {
    const [first] = await indexProblems(place, stored, timeline, facts.start);
    if (first) throw new BackupError('archive.damaged', first.message);
  }
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
  const { place, log, facts, stored } = base;
  const { system, timeline, start } = facts;
  const opened = await openLogReader(place, log, { system, timeline, from: start }, stored);
  await verifyIndexes(base, opened);
  const { hole } = opened;
  assertWhole(base, opened, olderBase && hole !== undefined && (await isTold(place, stored, hole)));
  if (level === 'deep') for await (const bytes of opened.read(start)) void bytes;
};
