import { isOfObject } from '../archives/catalogue.ts';
import { replacedBy } from './compaction.ts';
import { readIndex } from './index-chain.ts';
import { hourOf, type HourPlace, type PieceName } from './names.ts';
import type { LogPlace } from './place.ts';
import type { StoredLog } from './stored.ts';

const hourOfPiece = ({ time }: PieceName): string => hourOf(new Date(time));

/** Hours of which some log is stored twice, so that the rest is not read. @param pieces of one timeline */
const doubledHours = (pieces: readonly PieceName[]): ReadonlySet<string> => {
  const sorted = pieces.toSorted((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const hours = new Set<string>();
  let farthest: PieceName | undefined;
  for (const piece of sorted) {
    if (farthest && piece.from < farthest.to) hours.add(hourOfPiece(piece)).add(hourOfPiece(farthest));
    if (!farthest || piece.to > farthest.to) farthest = piece;
  }
  return hours;
};

/** Pieces that segments replaced, and that something kept from going with them: Object Lock, or the end of the receiver. */
export const replacedPieces = async (
  place: LogPlace,
  { hours }: Pick<StoredLog, 'hours'>,
  pieces: readonly PieceName[],
): Promise<readonly PieceName[]> => {
  const doubled = doubledHours(pieces);
  const ofHour = async (hour: HourPlace): Promise<readonly PieceName[]> => {
    const own = pieces.filter((piece) => hourOfPiece(piece) === hour.hour);
    const index = await readIndex(place, hour).catch((error: unknown) => {
      if (!isOfObject(error)) throw error; // an index that was altered says nothing
    });
    return index ? replacedBy(place.target, own, index) : [];
  };
  const replaced: PieceName[] = [];
  for (const hour of hours)
    if (hour.timeline === pieces[0]?.timeline && doubled.has(hour.hour))
      replaced.push(...(await ofHour(hour)));
  return replaced;
};
