import { BackupError, isBackupError } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import type { LogReader, LogWork, TimelineSwitch } from '../engines/engine-log.ts';
import { cover, type Slice, type Stretch } from './cover.ts';
import { readHistory } from './history.ts';
import { lineOf, onLine, type LinePart, type OnLine } from './line.ts';
import { readPiece } from './piece.ts';
import type { LogPlace } from './place.ts';
import { readStored, type StoredLog } from './stored.ts';

/** Pieces that are read and opened while the one before is taken. */
const piecesAhead = 3;

/** What a reader is to read. */
export interface ReadRequest {
  readonly system: string;
  /** Where the line begins: the base's. */
  readonly timeline: number;
  /** First byte that is needed: where recovery begins. */
  readonly from: bigint;
}

/** A hole in the log that was asked for, and the newest instant before it. */
export interface LogHole extends Stretch {
  readonly before: Date;
}

/** A reader, and what keeps it from going further. */
export interface OpenedLog extends LogReader {
  /** Absent where the log is contiguous up to its newest byte. */
  readonly hole?: LogHole;
}

const isAncestor = (part: TimelineSwitch, { timeline, from }: ReadRequest): boolean =>
  part.timeline === timeline && part.at >= from;

/** The newest line that goes through the base: its timeline, and those that later took over from it. */
const newestLine = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors'>,
  stored: StoredLog,
  request: ReadRequest,
): Promise<readonly LinePart[]> => {
  const newer = stored.histories
    .filter(({ timeline }) => timeline > request.timeline)
    .toSorted((a, b) => b.timeline - a.timeline);
  for (const history of newer) {
    const ancestors = log.ancestors(await readHistory(place, history));
    if (ancestors.some((part) => isAncestor(part, request))) return lineOf(history.timeline, ancestors);
  }
  const own = stored.histories.find(({ timeline }) => timeline === request.timeline);
  return lineOf(request.timeline, own ? log.ancestors(await readHistory(place, own)) : []);
};

const timeOf = (slices: readonly Slice<OnLine>[]): Date =>
  new Date(Math.max(0, ...slices.map(({ of }) => of.piece.time)));

const sliceBytes = async (place: LogPlace, { of: { piece }, from, to }: Slice<OnLine>): Promise<Buffer> => {
  const log = await readPiece(place, piece);
  return log.subarray(Number(from - piece.from), Number(to - piece.from));
};

const settled = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => {}); // thrown when its turn comes
  return promise;
};

/** The bytes of slices in their order, a few of them opened ahead. */
async function* readSlices(place: LogPlace, slices: readonly Slice<OnLine>[]): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  for (const slice of slices) {
    ahead.push(settled(sliceBytes(place, slice)));
    if (ahead.length > piecesAhead) yield await mustExist(ahead.shift(), 'piece that was begun');
  }
  while (ahead.length > 0) yield await mustExist(ahead.shift(), 'piece that was begun');
}

/** As long as a receiver runs, its compaction may replace what was just listed. */
const mostListings = 10;

/** Opens the stored log from a position on. @throws BackupError log.gap where not even that byte is there, archive.*, store.* */
export const openLogReader = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors' | 'formatPosition'>,
  request: ReadRequest,
): Promise<OpenedLog> => {
  const { system, from } = request;
  const stored = await readStored(place, system);
  const line = await newestLine(place, log, stored, request);
  const look = async (position: bigint) =>
    cover(onLine(line, (await readStored(place, system)).pieces), position);
  const { slices, end, hole } = cover(onLine(line, stored.pieces), from);
  if (end === from)
    throw new BackupError(
      'log.gap',
      `the log of ${place.target} from ${log.formatPosition(from)} on is not in ${place.store.location}`,
    );
  const endTime = timeOf(slices);
  async function* read(start: bigint): AsyncGenerator<Buffer> {
    let position = start;
    for (let listings = 0; position < end; listings++) {
      const found = await look(position);
      if (found.end <= position)
        throw new BackupError(
          'log.gap',
          `the log of ${place.target} at ${log.formatPosition(position)} is gone`,
        );
      try {
        for await (const bytes of readSlices(place, found.slices)) {
          const wanted = bytes.subarray(0, Number(end - position));
          position += BigInt(wanted.length);
          if (wanted.length > 0) yield wanted;
          if (position >= end) return;
        }
      } catch (error) {
        if (!isBackupError(error, 'store.missing') || listings >= mostListings) throw error;
      }
    }
  }
  return {
    system,
    timelines: line.map(({ timeline, from: begin }) => ({ timeline, from: begin })),
    end,
    endTime,
    ...(hole && { hole: { ...hole, before: endTime } }),
    read,
    history: async (timeline) => {
      const name = stored.histories.find((history) => history.timeline === timeline);
      return name && readHistory(place, name);
    },
  };
};
