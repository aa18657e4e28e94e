import { z } from 'zod';
import { stamp } from '../core/units.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { listed } from '../store/listed.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import type { Store, StoredObject } from '../store/store.ts';
import { sign, signatureShape } from '../crypto/signature.ts';

/** Commands whose runs are recorded. */
export const recordedCommands = [
  'backup',
  'restore',
  'verify',
  'prune',
  'rekey',
  'check',
  'cleanup',
  'base',
  'release',
] as const;

export type RecordedCommand = (typeof recordedCommands)[number];

/** A run as its record says. */
export const runSchema = z.strictObject({
  format: z.literal(1),
  command: z.enum(recordedCommands),
  target: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  ok: z.boolean(),
  /** As of contract/exit-codes.ts; 0 where `ok`. */
  exitCode: z.int(),
  /** Absent where `ok`. `code` is one of core/errors.ts or `unexpected`; the message holds no secret. */
  failure: z.strictObject({ code: z.string(), message: z.string() }).optional(),
  /** Key figures of the command, such as `archive`, `archiveBytes`, `sourceBytes`, `seconds`, `equal`. */
  figures: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Of the plan. Absent in records of earlier versions. */
  environment: z.string().optional(),
  /** What somebody should look at although the run went well: health/anomalies.ts. */
  warnings: z.array(z.string()).optional(),
  /** Channels on which it was told, and whether that was delivered; written after the rest, absent where nobody was to be told. */
  notified: z.record(z.string(), z.boolean()).optional(),
});

/** A record as it is stored. */
export const signedRunSchema = z.strictObject({
  ...runSchema.shape,
  key: signatureShape.key,
  /** Absent in records of earlier versions. */
  mac: signatureShape.mac.optional(),
});

/** Tells the signature of a record from others. */
export const runLabel = 'grill-backup run\0';

/** Outcome of one run of a command on a target: `runs/<target>/<stamp>_<command>_<random>.json` in the primary store. */
export type RunRecord = z.output<typeof runSchema>;

export type Figures = RunRecord['figures'];

/** Records kept of a target. @default 100 - a month of backups every eight hours, with their verifications */
const recordsKept = 100;

/** Records that one run removes: a folder that somebody filled must not hold a run up. */
const mostRemoved = 1000;

const folderOf = (target: string): string => `runs/${target}/`;

/** Records of a target as objects, oldest first. */
export const listRuns = (store: Store, target: string): Promise<readonly StoredObject[]> =>
  listed(store, folderOf(target));

/** With milliseconds: the order of names is the order in time, also of runs within one second. */
const nameTime = (time: Date): string =>
  `${stamp(time)}_${String(time.getUTCMilliseconds()).padStart(3, '0')}`;

/** Start of a record's key; a random id follows. */
export const keyStart = ({ startedAt, command, target }: RunRecord): string =>
  `${folderOf(target)}${nameTime(new Date(startedAt))}_${command}_`;

const put = async (
  store: Store,
  keys: KeyRing | undefined,
  record: RunRecord,
  id: string,
  replace: boolean,
): Promise<void> => {
  const text = `${JSON.stringify(await sign(runLabel, record, keys?.[0]))}\n`;
  await store.put(`${keyStart(record)}${id}.json`, () => oneChunk(text), { replace });
};

/** Writes a record again, with what became known after it. @throws BackupError `store.*` */
export const amendRun = (
  store: Store,
  keys: KeyRing | undefined,
  record: RunRecord,
  id: string,
): Promise<void> => put(store, keys, record, id, true);

/**
 * Stores a record and removes the oldest beyond the newest 100 of its target; names that claim a later time than its own
 * do not count, or they could push it out. @throws BackupError `store.*`
 */
export const writeRun = async (
  store: Store,
  keys: KeyRing | undefined,
  record: RunRecord,
  id: string,
): Promise<void> => {
  await put(store, keys, record, id, false);
  const own = `${keyStart(record)}${id}.json`;
  const all = (await listRuns(store, record.target)).filter(({ key }) => key <= own);
  for (const { key } of all.slice(0, -recordsKept).slice(0, mostRemoved))
    await removeUnlessLocked(store, key);
};
