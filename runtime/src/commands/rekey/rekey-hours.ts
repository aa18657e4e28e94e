import { sideBySide } from '../../core/side-by-side.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import type { Key } from '../../crypto/key-ring.ts';
import { replacedBy } from '../../wal/compaction.ts';
import { pieceFile, readIndex, replaceIndex, type HourIndex } from '../../wal/index-chain.ts';
import {
  hourOf,
  pieceKey,
  pieceStem,
  timelineFolder,
  type HourPlace,
  type PieceName,
} from '../../wal/names.ts';
import { openPiece, putPiece, sealPiece, type OpenedPiece } from '../../wal/piece.ts';
import type { StoredLog } from '../../wal/stored.ts';
import { noting, oldSigner, removeOld, type LogRekeying } from './log-rekeying.ts';

/** Objects that are opened and sealed at the same time, of 16 MiB of log each. */
const together = 2;

/** A piece that an old key made, and the one under the first key that stands in for it: none where the index's objects do. */
interface Rewritten {
  readonly old: PieceName;
  readonly madeBy: Key | undefined;
  readonly by?: PieceName | undefined;
}

/** An hour of a timeline. */
interface Hour {
  readonly at: HourPlace;
  readonly folder: string;
  readonly pieces: readonly PieceName[];
  /** Absent where the hour has none yet. */
  readonly index?: HourIndex | undefined;
}

/**
 * Rewrites pieces of the very same stretch: one, or also what a rekey that was killed left, or what Object Lock kept.
 * @returns nothing where one of them is damaged, which is noted
 */
const rewriteSame = async (
  work: LogRekeying,
  folder: string,
  same: readonly PieceName[],
  isHeld: boolean,
): Promise<readonly Rewritten[] | undefined> => {
  const { app, keys, place, ciphers, dryRun } = work;
  throwIfStopped(app.run);
  return noting(work, folder, async () => {
    const opened: (OpenedPiece & { readonly name: PieceName })[] = [];
    for (const name of same) opened.push({ name, ...(await openPiece(place, name)) });
    const old = opened.filter(({ key }) => key !== keys[0]);
    const [first] = old;
    let by = opened.find(({ key }) => key === keys[0])?.name;
    if (first && !by && !isHeld && !dryRun) {
      const sealed = await sealPiece(place, first.name, await first.log(), ciphers);
      await putPiece(place, sealed);
      by = sealed.name;
    }
    return old.map(({ name, key }) => ({ old: name, madeBy: key, by }));
  });
};

/** Writes the index of an hour again where it lists what an old key made, or where one signed it. */
const rewriteIndex = async (
  work: LogRekeying,
  { at, folder, index }: Hour,
  rewritten: readonly Rewritten[],
  previous: HourIndex | undefined,
): Promise<HourIndex | undefined> => {
  if (!index) return undefined;
  const { place, dryRun, tally } = work;
  const instead = new Map(
    rewritten.flatMap(({ old, by }) =>
      by ? [[pieceFile(place.target, old), pieceFile(place.target, by)]] : [],
    ),
  );
  const signedBy = await oldSigner(work, index);
  if (signedBy) tally.add(folder, signedBy);
  if (dryRun || (!signedBy && !index.pieces.some((file) => instead.has(file)))) return index;
  return replaceIndex(place, at, index, {
    previous: previous?.mac ?? index.previous,
    pieces: index.pieces.map((file) => instead.get(file) ?? file),
  });
};

/**
 * New pieces first, then the index that lists them, and then the old ones go: killed anywhere, all is there, and the next run ends it.
 * What objects of the index hold as well is not stored again; it goes where all of those are sound.
 */
const rekeyHour = async (
  work: LogRekeying,
  hour: Hour,
  previous: HourIndex | undefined,
): Promise<HourIndex | undefined> => {
  const { target } = work.place;
  const { folder, pieces, index } = hour;
  const held = new Set(index ? replacedBy(target, pieces, index) : []);
  const isHeld = (same: readonly PieceName[]): boolean => same.every((piece) => held.has(piece)); // none of them is listed
  const stretches = [...Map.groupBy(pieces, pieceStem).values()];
  const rewrite = (which: readonly (readonly PieceName[])[]) =>
    sideBySide(which, together, (same) => rewriteSame(work, folder, same, isHeld(same)));
  const needed = await rewrite(stretches.filter((same) => !isHeld(same)));
  const areSound = needed.every((each) => each !== undefined);
  const doubled = areSound ? await rewrite(stretches.filter(isHeld)) : [];
  const rewritten = [...needed, ...doubled].flatMap((each) => each ?? []);
  const written = await rewriteIndex(work, hour, rewritten, previous);
  for (const { old, madeBy } of rewritten) await removeOld(work, folder, pieceKey(target, old), madeBy);
  return written;
};

/** Rewrites the log of a timeline, hour by hour, oldest first: the index of an hour names that of the hour before. */
export const rekeyHours = async (
  work: LogRekeying,
  { system, pieces, hours }: StoredLog,
  timeline: number,
): Promise<void> => {
  const { place, keys } = work;
  const folder = timelineFolder(place.target, system, timeline);
  const indexed = new Set(hours.filter((each) => each.timeline === timeline).map(({ hour }) => hour));
  const byHour = Map.groupBy(
    keys.length > 1 ? pieces.filter((piece) => piece.timeline === timeline) : [], // a single key made all that can be read
    ({ time }) => hourOf(new Date(time)),
  );
  let previous: HourIndex | undefined;
  for (const hour of [...new Set([...indexed, ...byHour.keys()])].toSorted()) {
    const at = { system, timeline, hour };
    const own = { at, folder, pieces: byHour.get(hour) ?? [] };
    const before = previous;
    const written = await noting(work, folder, async () => {
      const index = indexed.has(hour) ? await readIndex(place, at) : undefined;
      return rekeyHour(work, { ...own, index }, before);
    });
    if (indexed.has(hour)) previous = written;
  }
};
