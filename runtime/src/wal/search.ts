import { isBackupError } from '../core/errors.ts';
import type { LogPart, LogWork } from '../engines/engine-log.ts';
import type { App } from '../session/app.ts';
import { factsOf } from './base-manifest.ts';
import { allBases, type Base } from './bases.ts';
import { lowest } from './cover.ts';
import { placeOf, type LogPlace } from './place.ts';
import { openLogReader, type LogHole } from './reader.ts';
import { readStored, type StoredLog } from './stored.ts';

/**
 * What is read before the time that is asked for: a transaction that was committed then may have begun before. One that took
 * longer is found too, and told to be perhaps not whole. @default 10 min
 */
const earlierMs = 600_000;

/** A stretch of log without a hole, and the hole behind it where there is one. */
export interface SearchedPart extends LogPart {
  readonly base: Base;
  readonly hole?: LogHole;
}

/** Where the log begins that may hold commits of a time or later, by the names of pieces alone; undefined for nowhere. */
const positionAt = ({ pieces }: StoredLog, time: number): bigint | undefined =>
  lowest(pieces.filter((piece) => piece.time >= time).map(({ from }) => from));

/** Bases from the one on that an instant is recovered from, oldest first; all where none is as old. */
const basesFrom = (newestFirst: readonly Base[], time: Date): readonly Base[] => {
  const bases = newestFirst.toReversed();
  const index = bases.findLastIndex(({ manifest }) => Date.parse(manifest.finishedAt) <= time.getTime());
  return bases.slice(Math.max(0, index));
};

const openPart = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors' | 'formatPosition'>,
  base: Base,
  time: Date,
): Promise<SearchedPart | undefined> => {
  const { system, timeline, start } = factsOf(base.manifest);
  const stored = await readStored(place, system);
  try {
    const opened = await openLogReader(place, log, { system, timeline, from: start }, stored);
    const { hole } = opened;
    const from = positionAt(stored, time.getTime() - earlierMs) ?? opened.end;
    return { base, log: opened, start, from, server: base.manifest.server, ...(hole && { hole }) };
  } catch (error) {
    if (!isBackupError(error, 'log.gap')) throw error;
    return undefined; // log of that base is gone: the next one may have some
  }
};

/** Whether a base holds more than was read: log of another server, or behind a hole. */
const goesOn = ({ log }: SearchedPart, { manifest }: Base): boolean =>
  manifest.base.systemIdentifier !== log.system || factsOf(manifest).start >= log.end;

/** The stored log from a time on, stretch by stretch, each as a recovery would read it. @throws BackupError store.*, archive.* */
export async function* partsFrom(
  app: App,
  target: string,
  log: Pick<LogWork, 'ancestors' | 'formatPosition'>,
  time: Date,
): AsyncGenerator<SearchedPart> {
  const place = placeOf(app, target);
  let last: SearchedPart | undefined;
  for (const base of basesFrom(await allBases(app, target), time)) {
    if (last && !goesOn(last, base)) continue;
    const part = await openPart(place, log, base, time);
    if (!part) continue;
    last = part;
    yield part;
  }
}
