import { isOfObject } from '../archives/catalogue.ts';
import { follows, readIndex, type HourIndex } from './index-chain.ts';
import { indexKey, parsePieceKey, pieceKey, timelineFolder, type HourPlace } from './names.ts';
import type { LogPlace } from './place.ts';
import { readStored, type StoredLog } from './stored.ts';

/** The log of a system with indexes of which all objects were stored before the rest was listed. */
export const readIndexed = async (place: LogPlace, system: string): Promise<StoredLog> => {
  const { hours } = await readStored(place, system);
  return { ...(await readStored(place, system)), hours };
};

/** What is wrong with an index, or with what it lists. */
export interface IndexProblem {
  /** Of the index. */
  readonly key: string;
  readonly message: string;
}

/** Objects that an index lists and that are not there, as far as they hold log from the position on. */
const unlisted = async (
  { store, target }: LogPlace,
  hour: HourPlace,
  { pieces }: HourIndex,
  there: ReadonlySet<string>,
  from: bigint,
): Promise<readonly string[]> => {
  const problems: string[] = [];
  for (const file of pieces) {
    const key = `${timelineFolder(target, hour.system, hour.timeline)}${file}`;
    const piece = parsePieceKey(target, key);
    const index = indexKey(target, hour);
    if (!piece) problems.push(`index ${index} lists ${file}, which is not the name of a piece`);
    else if (piece.to > from && !there.has(key) && !(await store.head(key)))
      // a rekey may have stored it just now
      problems.push(`piece ${key} is gone; index ${index} lists it`);
  }
  return problems;
};

/** The index before another one, as it was read. */
interface Before {
  readonly hour: HourPlace;
  readonly index: HourIndex;
}

/** Whether an index goes on from the one before; a rekey may have written that one anew since it was read. */
const isNext = async (place: LogPlace, index: HourIndex, { hour, index: previous }: Before) => {
  if (follows(index, previous)) return true;
  const again = await readIndex(place, hour).catch((error: unknown) => {
    if (!isOfObject(error)) throw error;
  });
  return again !== undefined && follows(index, again);
};

/**
 * What is wrong with the indexes of a timeline, oldest first: each one proves itself, names the one before, and what it lists is
 * there. @param from log before it is needed by nobody
 */
export const indexProblems = async (
  place: LogPlace,
  { hours, pieces }: Pick<StoredLog, 'hours' | 'pieces'>,
  timeline: number,
  from: bigint,
): Promise<readonly IndexProblem[]> => {
  const there = new Set(pieces.map((piece) => pieceKey(place.target, piece)));
  const own = hours.filter((hour) => hour.timeline === timeline);
  const problems: IndexProblem[] = [];
  let before: Before | undefined;
  for (const hour of own.toSorted((a, b) => a.hour.localeCompare(b.hour))) {
    const key = indexKey(place.target, hour);
    const tell = (message: string) => void problems.push({ key, message });
    const index = await readIndex(place, hour).catch((error: unknown) => {
      if (!isOfObject(error)) throw error;
      tell(error.message);
    });
    if (index && before && !(await isNext(place, index, before)))
      tell(
        `index ${key} does not follow that of ${before.index.hour}: one between them is gone, or one was exchanged`,
      );
    if (index) (await unlisted(place, hour, index, there, from)).forEach(tell);
    before = index ? { hour, index } : undefined;
  }
  return problems;
};
