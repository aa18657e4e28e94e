import { positionText, parseHistoryKey, parsePieceKey, systemFolder, timelineFolder } from './names.ts';
import type { HistoryName, PieceName } from './names.ts';
import type { LogPlace } from './place.ts';

/** What is remembered of a piece: a store under Object Lock has tens of thousands of them. */
export type LogStretch = Pick<PieceName, 'timeline' | 'from' | 'to' | 'time'>;

/** The log of one system, by names alone. */
export interface Stretches {
  readonly pieces: readonly LogStretch[];
  readonly histories: readonly HistoryName[];
}

interface Kept extends Stretches {
  /** Of the last listing of all, in ms. */
  readonly listedAt: number;
  /** New log sorts after it, on the newest timeline and on later ones. */
  readonly after: string;
}

/** All is listed again after that time: until then log that was removed counts. @default 10 min */
const wholeMs = 600_000;

const later = (a: LogStretch, b: LogStretch): boolean =>
  a.timeline > b.timeline || (a.timeline === b.timeline && a.from > b.from);

const markOf = (target: string, system: string, pieces: readonly LogStretch[]): string => {
  const [first, ...others] = pieces;
  if (!first) return '';
  const newest = others.reduce((found, piece) => (later(piece, found) ? piece : found), first);
  return `${timelineFolder(target, system, newest.timeline)}${positionText(newest.from)}`;
};

const list = async ({ store, target }: LogPlace, system: string, after: string): Promise<Stretches> => {
  const pieces: LogStretch[] = [];
  const histories: HistoryName[] = [];
  const listing = store.list(systemFolder(target, system), { describes: () => false, after });
  for await (const objects of listing)
    for (const { key } of objects) {
      const piece = parsePieceKey(target, key);
      if (piece) {
        const { timeline, from, to, time } = piece;
        pieces.push({ timeline, from, to, time });
      }
      const history = parseHistoryKey(target, key);
      if (history) histories.push(history);
    }
  return { pieces, histories };
};

const added = (before: Stretches, found: Stretches, isNew: (piece: LogStretch) => boolean): Stretches => ({
  pieces: [...before.pieces.filter((piece) => !isNew(piece)), ...found.pieces],
  histories: [
    ...before.histories.filter(({ mac }) => found.histories.every((each) => each.mac !== mac)),
    ...found.histories,
  ],
});

export type ReadStretches = (place: LogPlace, system: string, now: Date) => Promise<Stretches>;

/**
 * Looks at the names of a log. Between listings of all, which a log of a week may need 60 requests for, only what is newer
 * than the newest piece is asked for.
 */
export const stretchesReader = (): ReadStretches => {
  const known = new Map<string, Kept>();
  return async (place, system, now) => {
    const { target } = place;
    const name = systemFolder(target, system);
    const before = known.get(name);
    const at = now.getTime();
    const isFresh = before && before.listedAt <= at && at - before.listedAt < wholeMs;
    const after = isFresh ? before.after : '';
    const found = await list(place, system, after);
    const isListed = (piece: LogStretch): boolean =>
      `${timelineFolder(target, system, piece.timeline)}${positionText(piece.from)}_` > after;
    const all = isFresh ? added(before, found, isListed) : found;
    known.set(name, {
      ...all,
      listedAt: isFresh ? before.listedAt : at,
      after: markOf(target, system, all.pieces),
    });
    return all;
  };
};
