import { isOfObject } from '../../archives/catalogue.ts';
import type { LogWork } from '../../engines/engine-log.ts';
import type { BaseFacts } from '../../engines/engine-base.ts';
import { cover, isWithin, lowest, type Stretch } from '../../wal/cover.ts';
import { readGap } from '../../wal/gaps.ts';
import { onLine, timelineAt, type LinePart } from '../../wal/line.ts';
import { gapKey, timelineFolder, type GapName } from '../../wal/names.ts';
import type { LogPlace } from '../../wal/place.ts';
import type { SystemLog } from '../../wal/retention.ts';
import type { Found } from './finding.ts';

/** A system's log, and its bases. */
interface Examined {
  readonly place: LogPlace;
  readonly log: Pick<LogWork, 'formatPosition'>;
  readonly stored: SystemLog;
  readonly bases: readonly BaseFacts[];
}

/** What is missing on a line, from the oldest base on; without a base from the first log on. */
const holesOn = ({ stored, bases }: Examined, line: readonly LinePart[]): readonly Stretch[] => {
  const stretches = onLine(line, stored.pieces);
  const holes: Stretch[] = [];
  for (
    let from = lowest(bases.map(({ start }) => start)) ?? lowest(stretches.map((each) => each.from));
    from !== undefined;
  ) {
    const { hole } = cover(stretches, from);
    if (hole) holes.push(hole);
    from = hole?.to;
  }
  return holes;
};

/** The record of a gap is believed only where it proves itself. */
const recordOf = async ({ place }: Examined, gap: GapName): Promise<string | Found> => {
  try {
    const { why, at } = await readGap(place, gap);
    return `recorded as a gap at ${at}: ${why}`;
  } catch (error) {
    if (!isOfObject(error)) throw error;
    const message = `${error.message}; remove it, and the hole counts as one that nobody recorded`;
    return { kind: 'log-record-broken', key: gapKey(place.target, gap), message, severity: 'problem' };
  }
};

/** Nothing after a hole can be restored until a base was taken after it; then it is history. */
const holeFound = async (examined: Examined, line: readonly LinePart[], hole: Stretch): Promise<Found> => {
  const { place, log, stored, bases } = examined;
  const gap = stored.gaps.find((each) => isWithin(hole, each));
  const record = gap && (await recordOf(examined, gap));
  if (typeof record === 'object') return record;
  const timeline = timelineAt(line, hole.from) ?? 1;
  const isPassed = bases.some(({ start }) => start >= hole.to);
  const what = `log from ${log.formatPosition(hole.from)} to ${log.formatPosition(hole.to)} is missing`;
  const way = isPassed
    ? 'a later base has passed it, and it goes with retention'
    : `no instant after it can be restored: take a base, grill-backup base ${place.target}`;
  return {
    kind: record ? 'log-gap' : 'log-hole',
    key: timelineFolder(place.target, stored.system, timeline),
    message: `${what}, ${record ?? 'and nobody recorded why'}; ${way}`,
    severity: isPassed ? 'notice' : 'problem',
  };
};

/** Holes of a system's log on its newest timeline, and on the way to it. */
export const holeFindings = async (examined: Examined): Promise<readonly Found[]> => {
  const [newest] = [...examined.stored.lines].toSorted(([a], [b]) => b - a);
  const found: Found[] = [];
  for (const hole of newest ? holesOn(examined, newest[1]) : [])
    found.push(await holeFound(examined, newest?.[1] ?? [], hole));
  return found;
};
