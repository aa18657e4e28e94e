import { throwIfStopped } from '../core/stopped.ts';
import type { RunContext } from '../core/context.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import { cover, type Slice } from './cover.ts';
import { pieceFile, putIndex, readIndex, type HourIndex } from './index-chain.ts';
import { hourOf, pieceKey, type HourPlace, type PieceName } from './names.ts';
import { pieceCiphers, putPiece, readPart, sealPiece, type PieceCiphers } from './piece.ts';
import type { LogPlace } from './place.ts';
import { readStored } from './stored.ts';

/** Log of a segment at most; they begin at its multiples, as files of the log do. */
const segmentBytes = 16n << 20n;

/** A timeline that another one took over from gets no more log. */
const afterAllHours = 'z';

const hourOfPiece = ({ time }: PieceName): string => hourOf(new Date(time));

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)].toSorted();

/** The hour's log as stretches without a hole; a hole begins another one. */
const runsOf = (pieces: readonly PieceName[]): readonly (readonly Slice<PieceName>[])[] => {
  const runs: (readonly Slice<PieceName>[])[] = [];
  const [first] = pieces.toSorted((a, b) => (a.from < b.from ? -1 : 1));
  for (let from = first?.from; from !== undefined;) {
    const { slices, hole } = cover(pieces, from);
    runs.push(slices);
    from = hole?.to;
  }
  return runs;
};

/** A run's slices by the segment that they come to lie in; one that reaches over its end is in both. */
const cellsOf = (run: readonly Slice<PieceName>[]): readonly (readonly Slice<PieceName>[])[] => {
  const cells = new Map<bigint, Slice<PieceName>[]>();
  for (const { of, from, to } of run)
    for (let start = from; start < to;) {
      const cell = start / segmentBytes;
      const end = (cell + 1n) * segmentBytes;
      const part = { of, from: start, to: to < end ? to : end };
      cells.set(cell, [...(cells.get(cell) ?? []), part]);
      start = part.to;
    }
  return [...cells.values()];
};

const isWhole = ({ of, from, to }: Slice<PieceName>): boolean => of.from === from && of.to === to;

/** Stores a cell as one segment; one that is an object already stays it. */
const storeCell = async (
  place: LogPlace,
  cell: readonly Slice<PieceName>[],
  ciphers: PieceCiphers,
): Promise<PieceName> => {
  const [first, last] = [cell[0], cell.at(-1)];
  if (!first || !last) throw new Error('a segment of nothing');
  if (cell.length === 1 && isWhole(first)) return first.of;
  const parts: Buffer[] = [];
  for (const slice of cell) parts.push(await readPart(place, slice.of, slice));
  const time = Math.max(...cell.map(({ of }) => of.time));
  const { system, timeline } = first.of;
  const sealed = await sealPiece(
    place,
    { system, timeline, from: first.from, to: last.to, time },
    Buffer.concat(parts),
    ciphers,
  );
  await putPiece(place, sealed);
  return sealed.name;
};

/** Pieces of an hour that the objects of its index hold as well; none where one of those is gone, as what is left may be needed. */
export const replacedBy = (
  target: string,
  pieces: readonly PieceName[],
  { pieces: listed }: Pick<HourIndex, 'pieces'>,
): readonly PieceName[] => {
  const isListed = (piece: PieceName) => listed.includes(pieceFile(target, piece));
  const kept = pieces.filter(isListed);
  if (kept.length < listed.length) return [];
  return pieces.filter((piece) => !isListed(piece) && cover(kept, piece.from).end >= piece.to);
};

/** Removes what segments replaced. What Object Lock keeps stays, harms nobody, and goes with retention. */
const removeReplaced = async (
  { target, store }: LogPlace,
  pieces: readonly PieceName[],
  index: HourIndex,
): Promise<void> => {
  for (const piece of replacedBy(target, pieces, index))
    await removeUnlessLocked(store, pieceKey(target, piece));
};

/** What is to be done about one timeline. */
interface Compaction {
  readonly system: string;
  readonly timeline: number;
  /** The hour that is still filled, by the server's clock; those before it are complete. */
  readonly openHour: string;
}

/**
 * Makes segments of the pieces of hours that are over, lists them in an index that names the one before, and only then
 * removes the pieces. Killed anywhere, it leaves what a reader can read, and finishes next time.
 */
const compactTimeline = async (
  run: Pick<RunContext, 'signal'>,
  place: LogPlace,
  { system, timeline, openHour }: Compaction,
): Promise<void> => {
  const stored = await readStored(place, system);
  const pieces = stored.pieces.filter((piece) => piece.timeline === timeline);
  const ofHour = (hour: string) => pieces.filter((piece) => hourOfPiece(piece) === hour);
  const indexed = unique(stored.hours.filter((hour) => hour.timeline === timeline).map(({ hour }) => hour));
  const newest = indexed.at(-1);
  let previous =
    newest === undefined ? undefined : await readIndex(place, { system, timeline, hour: newest });
  if (previous && newest !== undefined) await removeReplaced(place, ofHour(newest), previous);
  const open = unique(pieces.map(hourOfPiece)).filter((hour) => hour < openHour && hour > (newest ?? ''));
  if (open.length === 0) return;
  const ciphers = pieceCiphers(place);
  for (const hour of open) {
    const at: HourPlace = { system, timeline, hour };
    const segments: PieceName[] = [];
    for (const cell of runsOf(ofHour(hour)).flatMap(cellsOf)) {
      throwIfStopped(run);
      segments.push(await storeCell(place, cell, ciphers));
    }
    previous = await putIndex(place, at, previous, segments);
    await removeReplaced(place, [...ofHour(hour), ...segments], previous);
  }
};

/** Compacts every timeline of a system up to its newest piece: log from before that piece's hour is complete, as pieces are stored in order. */
export const compact = async (
  run: Pick<RunContext, 'signal'>,
  place: LogPlace,
  { system, timeline: newest, time }: Pick<PieceName, 'system' | 'timeline' | 'time'>,
): Promise<void> => {
  const { pieces } = await readStored(place, system);
  for (const timeline of new Set(pieces.map((piece) => piece.timeline)))
    if (timeline <= newest)
      await compactTimeline(run, place, {
        system,
        timeline,
        openHour: timeline === newest ? hourOf(new Date(time)) : afterAllHours,
      });
};
