import { isOfObject } from '../archives/catalogue.ts';
import { readIndex, type HourIndex } from './index-chain.ts';
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
const unlisted = (
  { target }: LogPlace,
  hour: HourPlace,
  { pieces }: HourIndex,
  there: ReadonlySet<string>,
  from: bigint,
): readonly string[] =>
  pieces.flatMap((file) => {
    const key = `${timelineFolder(target, hour.system, hour.timeline)}${file}`;
    const piece = parsePieceKey(target, key);
    const index = indexKey(target, hour);
    if (!piece) return [`index ${index} lists ${file}, which is not the name of a piece`];
    return piece.to > from && !there.has(key) ? [`piece ${key} is gone; index ${index} lists it`] : [];
  });

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
  let previous: HourIndex | undefined;
  for (const hour of own.toSorted((a, b) => a.hour.localeCompare(b.hour))) {
    const key = indexKey(place.target, hour);
    const tell = (message: string) => void problems.push({ key, message });
    const index = await readIndex(place, hour).catch((error: unknown) => {
      if (!isOfObject(error)) throw error;
      tell(error.message);
    });
    if (index && previous && index.previous !== previous.mac)
      tell(
        `index ${key} does not follow that of ${previous.hour}: one between them is gone, or one was exchanged`,
      );
    if (index) unlisted(place, hour, index, there, from).forEach(tell);
    previous = index ?? undefined;
  }
  return problems;
};
