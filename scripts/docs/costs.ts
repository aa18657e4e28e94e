import { z } from 'zod';
import { daySeconds } from '../../runtime/src/contract/time.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { quantityValue } from '../../runtime/src/core/quantity.ts';
import { parseDuration } from '../../runtime/src/core/units.ts';
import { longestGapSeconds } from '../../runtime/src/plan/cron.ts';
import { pointInTimeOf } from '../../runtime/src/plan/point-in-time.ts';
import { table } from './markdown.ts';

/**
 * US dollars. An assumption: list prices of S3 Standard in us-east-1, https://aws.amazon.com/s3/pricing/, as known in 2025 and not
 * asked since. Removing costs nothing, nor do transfers within the region; keys of buckets make KMS negligible.
 */
const price = { gibMonth: 0.023, put: 0.005 / 1000, get: 0.0004 / 1000 } as const;

/** A database, and the log that it writes; both are assumptions. */
const sizes = [
  { name: 'small', gib: 5, logGibPerDay: 0.5 },
  { name: 'medium', gib: 50, logGibPerDay: 10 },
  { name: 'large', gib: 500, logGibPerDay: 100 },
] as const;

type Size = (typeof sizes)[number];

/** Measured: 799 MB of log were about 230 MB stored. */
const logRatio = 230 / 799;

/** An assumption: what tables of text and numbers come to. */
const baseRatio = 0.35;

const { window, base, pieceSize } = pointInTimeOf(z.unknown()).parse({});

const daysPerMonth = 30;
/** Of the plan's defaults: the window, and a base each week, up to which its log is needed longer. */
const logDays = (parseDuration(window) + longestGapSeconds(base.schedule)) / daySeconds;
const bases = 3;
const hours = 24 * daysPerMonth;
const gib = 1024 ** 3;
const pieceBytes = mustExist(quantityValue(pieceSize), 'size of a piece');
const segmentBytes = 16 * 1024 ** 2;
/** An hour: one by the exporter every ten minutes, three by compaction. */
const listingsPerHour = 9;
const namesPerListing = 1000;
/** Of the committed prod: what is removed or replaced stays for so long as an old version. */
const noncurrentDays = 30;

/** Something is written all the time, so that every interval has a piece. */
const piecesPerDay = ({ logGibPerDay }: Size, seconds: number): number =>
  Math.max(daySeconds / seconds, (logGibPerDay * gib) / pieceBytes);

const segmentsPerDay = ({ logGibPerDay }: Size): number =>
  24 * Math.ceil((logGibPerDay * gib) / 24 / segmentBytes);

interface Costs {
  readonly puts: number;
  readonly gets: number;
  readonly objects: number;
  readonly storedGib: number;
  readonly versionsGib: number;
}

const costsOf = (size: Size, seconds: number, isCompacted: boolean): Costs => {
  const pieces = piecesPerDay(size, seconds);
  const objects = isCompacted ? logDays * (segmentsPerDay(size) + 24) + pieces / 24 : logDays * pieces;
  const listings = hours * listingsPerHour * Math.ceil(objects / namesPerListing);
  const logPerDay = size.logGibPerDay * logRatio;
  const basesGib = bases * size.gib * baseRatio;
  // pieces go within hours and their segments with retention: both stay as versions
  const versionDays = noncurrentDays * (isCompacted ? 2 : 1);
  return {
    puts: daysPerMonth * (pieces + (isCompacted ? segmentsPerDay(size) + 24 : 0)) + listings,
    gets: isCompacted ? daysPerMonth * pieces : 0,
    objects,
    storedGib: logDays * logPerDay + basesGib,
    versionsGib: versionDays * logPerDay + (noncurrentDays / 7) * size.gib * baseRatio,
  };
};

const dollars = (amount: number): string => `$${amount.toFixed(2)}`;

const thousands = (count: number): string => Math.round(count).toLocaleString('en-US');

const row = (size: Size, seconds: number, isCompacted: boolean): readonly string[] => {
  const { puts, gets, objects, storedGib, versionsGib } = costsOf(size, seconds, isCompacted);
  const requests = puts * price.put + gets * price.get;
  const storage = storedGib * price.gibMonth;
  const versions = versionsGib * price.gibMonth;
  return [
    `${size.name}: ${size.gib} GiB, ${size.logGibPerDay} GiB of log a day`,
    `${seconds} s`,
    isCompacted ? 'yes' : 'no',
    thousands(objects),
    `${storedGib.toFixed(1)} GiB`,
    thousands(puts),
    dollars(requests),
    dollars(storage),
    dollars(requests + storage),
    dollars(versions),
  ];
};

/** What the log of databases of three sizes costs in a month. */
export const costTable = (): string =>
  table(
    [
      'database',
      'interval',
      'compaction',
      'objects',
      'stored',
      'PUT and LIST',
      'requests',
      'storage',
      'a month',
      'old versions besides',
    ],
    sizes.flatMap((size) =>
      [1, 10].flatMap((seconds) => [true, false].map((isCompacted) => row(size, seconds, isCompacted))),
    ),
  );
