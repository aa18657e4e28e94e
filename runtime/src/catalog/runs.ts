import { z } from 'zod';
import { collect } from '../core/process.ts';
import { stamp } from '../core/units.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import type { Store, StoredObject } from '../store/store.ts';

/** Commands whose runs are recorded. */
export const recordedCommands = [
  'backup',
  'restore',
  'verify',
  'prune',
  'rekey',
  'check',
  'cleanup',
] as const;

export type RecordedCommand = (typeof recordedCommands)[number];

const runSchema = z.strictObject({
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
  /** What somebody should look at although the run went well: catalog/anomalies.ts. */
  warnings: z.array(z.string()).optional(),
  /** Channels on which it was told, and whether that was delivered; written after the rest, absent where nobody was to be told. */
  notified: z.record(z.string(), z.boolean()).optional(),
});

/** Outcome of one run of a command on a target: `runs/<target>/<stamp>_<command>_<random>.json` in the primary store. */
export type RunRecord = z.output<typeof runSchema>;

export type Figures = RunRecord['figures'];

/** Records kept of a target. @default 100 - a month of backups every eight hours, with their verifications */
const recordsKept = 100;

const folderOf = (target: string): string => `runs/${target}/`;

/** Records of a target as objects, oldest first. */
export const listRuns = (store: Store, target: string): Promise<readonly StoredObject[]> =>
  Array.fromAsync(store.list(folderOf(target)));

/** Undefined for what is no record, or was removed meanwhile: a record is for reading, nothing hangs on one of them. */
export const readRun = async (store: Store, key: string): Promise<RunRecord | undefined> => {
  try {
    return runSchema.parse(JSON.parse((await collect(store.get(key))).toString('utf8')));
  } catch {
    return undefined;
  }
};

/** With milliseconds: the order of names is the order in time, also of runs within one second. */
const nameTime = (time: Date): string =>
  `${stamp(time)}_${String(time.getUTCMilliseconds()).padStart(3, '0')}`;

const keyOf = ({ startedAt, command, target }: RunRecord, id: string): string =>
  `${folderOf(target)}${nameTime(new Date(startedAt))}_${command}_${id}.json`;

const put = async (store: Store, record: RunRecord, id: string, replace: boolean): Promise<void> => {
  await store.put(keyOf(record, id), () => oneChunk(`${JSON.stringify(record)}\n`), { replace });
};

/** Writes a record again, with what became known after it. @throws BackupError `store.*` */
export const amendRun = (store: Store, record: RunRecord, id: string): Promise<void> =>
  put(store, record, id, true);

/** Stores a record and removes the oldest beyond the newest 100 of its target. @throws BackupError `store.*` */
export const writeRun = async (store: Store, record: RunRecord, id: string): Promise<void> => {
  await put(store, record, id, false);
  for (const { key } of (await listRuns(store, record.target)).slice(0, -recordsKept))
    await removeUnlessLocked(store, key);
};

/** Newest runs of a target first, of one command where it is named. */
export async function* readRuns(
  store: Store,
  target: string,
  command?: RecordedCommand,
): AsyncGenerator<RunRecord> {
  for (const { key } of (await listRuns(store, target)).toReversed()) {
    if (command && !key.includes(`_${command}_`)) continue;
    const record = await readRun(store, key);
    if (record) yield record;
  }
}

/** A run that another one kept from starting says nothing about the target. */
export const saysSomething = ({ failure }: RunRecord): boolean => failure?.code !== 'lock.held';
