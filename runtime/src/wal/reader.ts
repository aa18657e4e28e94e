import { BackupError, isBackupError } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import type { LogReader, LogWork } from '../engines/engine-log.ts';
import { cover, type Slice, type Stretch } from './cover.ts';
import { readHistory } from './history.ts';
import { newestLine, onLine, type LinePoint, type OnLine } from './line.ts';
import type { HistoryName, PieceName } from './names.ts';
import { readPart } from './piece.ts';
import type { LogPlace } from './place.ts';
import { readStored, type StoredLog } from './stored.ts';

/** Pieces that are read and opened while the one before is taken. */
const piecesAhead = 3;

/** What a reader is to read: from where the base lies on its timeline, which is where recovery begins. */
export interface ReadRequest extends LinePoint {
  readonly system: string;
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

const timeOf = (slices: readonly Slice<{ readonly piece: Pick<PieceName, 'time'> }>[]): number =>
  slices.reduce((latest, { of }) => Math.max(latest, of.piece.time), 0);

const settled = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => {}); // thrown when its turn comes
  return promise;
};

/** The bytes of slices in their order, a few of them opened ahead. */
async function* readSlices(
  place: LogPlace,
  slices: readonly Slice<OnLine<PieceName>>[],
): AsyncGenerator<Buffer> {
  const ahead: Promise<Buffer>[] = [];
  for (const slice of slices) {
    ahead.push(settled(readPart(place, slice.of.piece, slice)));
    if (ahead.length > piecesAhead) yield await mustExist(ahead.shift(), 'piece that was begun');
  }
  while (ahead.length > 0) yield await mustExist(ahead.shift(), 'piece that was begun');
}

/** As long as a receiver runs, its compaction may replace what was just listed, as a rekey does. */
const mostListings = 10;

/**
 * Opens the stored log from a position on. @param listedLog names that were listed before. @default they are listed
 * @throws BackupError log.gap where not even that byte is there, archive.*, store.*
 */
export const openLogReader = async (
  place: LogPlace,
  log: Pick<LogWork, 'ancestors' | 'formatPosition'>,
  request: ReadRequest,
  listedLog?: StoredLog,
): Promise<OpenedLog> => {
  const { system, from } = request;
  const stored = listedLog ?? (await readStored(place, system));
  const ancestorsOf = async (name: HistoryName) => log.ancestors(await readHistory(place, name));
  const line = await newestLine(stored.histories, ancestorsOf, request);
  const look = async (position: bigint) =>
    cover(onLine(line, (await readStored(place, system)).pieces), position);
  const { slices, end, hole } = cover(onLine(line, stored.pieces), from);
  if (end === from)
    throw new BackupError(
      'log.gap',
      `the log of ${place.target} from ${log.formatPosition(from)} on is not in ${place.store.location}`,
    );
  const endTime = new Date(timeOf(slices));
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
