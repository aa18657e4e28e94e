import { z } from 'zod';
import { quantityValue } from '../core/quantity.ts';
import { duration, parseDuration } from '../core/units.ts';
import { cron, longestGapSeconds } from './cron.ts';

const [leastIntervalSeconds, mostIntervalSeconds] = [1, 300];
const [leastPieceBytes, mostPieceBytes] = [64 * 1024, 16 * 1024 ** 2];

const interval = duration.refine(
  (text) => {
    if (!duration.safeParse(text).success) return true;
    const seconds = parseDuration(text);
    return seconds >= leastIntervalSeconds && seconds <= mostIntervalSeconds;
  },
  { error: 'expected 1s to 5m' },
);

const pieceSize = z
  .string()
  .regex(/^\d+(Ki|Mi)$/, { error: 'expected bytes such as 4Mi' })
  .refine(
    (text) => {
      const bytes = quantityValue(text);
      return bytes === undefined || (bytes >= leastPieceBytes && bytes <= mostPieceBytes);
    },
    { error: 'expected 64Ki to 16Mi' },
  );

/** PostgreSQL's names of slots, and those of its synchronous standbys without quotes. */
const slotName = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, { error: 'expected lower-case letters, digits and underscores' });

/** Restores to any instant, of engines that have a log. `secret` is that of the engine's account. */
export const pointInTimeOf = <Secret extends z.ZodType>(secret: Secret) =>
  z.strictObject({
    /** How far back any instant can be restored. @default 7d - a mistake of before a holiday is found after it */
    window: duration.default('7d'),
    /** Longest time that log waits for more before it is stored. @default 10s - about 8,640 objects a day */
    interval: interval.default('10s'),
    /** Log that is stored at once, before the interval is over. @default 4Mi - a few of them in flight keep pace with a busy server, in bounded memory */
    pieceSize: pieceSize.default('4Mi'),
    /** Stores log as soon as there is any, for a server that waits for it: docs/reference/databases.md. @default false - commits wait for nobody */
    synchronous: z.boolean().default(false),
    /** Name of the replication slot, and of the standby where commits wait for it. @default grill_backup_environment_target - two environments may follow one server */
    slot: slotName.optional(),
    /** Accepts a server that keeps log for the slot without limit: a receiver that stays away then fills its disk. @default false - the database matters more than its log */
    allowUnlimitedSlot: z.boolean().default(false),
    /** Existing Secret with the credentials of an account that may replicate. @default the target's secret - one account is enough where it may */
    secret: secret.optional(),
    /** Bases, from which the log is replayed. */
    base: z
      .strictObject({
        /** When a base is taken. @default 0 1 * * 0 - Sundays, an hour before the night's backups */
        schedule: cron.default('0 1 * * 0'),
        /** Longest time that it may take. @default 6h - it reads the whole server */
        deadline: duration.default('6h'),
        /** How old the last copy of the server may become while bases are rolled: made of the base before and its log, in a scratch server of the job. @default none - every base is a copy of the server */
        roll: duration.optional(),
        /** How old a whole copy of the server may become while only what changed since is copied: PostgreSQL 17 and newer with `summarize_wal`, and no `roll`. Shorter than between two bases: all is copied each time. @default 6d - with a base each night all is copied once a week, so that no more log is kept than with weekly copies */
        increments: duration.default('6d'),
      })
      .prefault({}),
  });

/**
 * For how long any instant can be restored, and how old the base and the log that this needs become at most; in seconds. What
 * increments go on from is older than they are, where bases are taken often enough for increments.
 */
export const keptSeconds = ({
  window,
  base: { schedule, deadline, roll, increments },
}: Pick<z.output<ReturnType<typeof pointInTimeOf>>, 'window' | 'base'>) => {
  const gap = longestGapSeconds(schedule);
  const chain = roll === undefined ? parseDuration(increments) : 0;
  return {
    window: parseDuration(window),
    oldest: parseDuration(window) + gap + parseDuration(deadline) + (chain > gap ? chain : 0),
  };
};

/** A longer name is none to PostgreSQL. */
export const longestSlotName = 63;

/** Name of the slot where the plan names none. */
export const defaultSlot = (environment: string, target: string): string =>
  `grill_backup_${environment}_${target}`.replaceAll('-', '_');
