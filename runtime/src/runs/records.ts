import { z } from 'zod';
import { isBackupError } from '../core/errors.ts';
import { stamp } from '../core/units.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { listed } from '../store/listed.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import type { App } from '../session/app.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Store, StoredObject } from '../store/store.ts';
import { isOfFuture } from '../archives/authentic.ts';
import { proofOf, sign, signatureShape } from '../crypto/signature.ts';

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
  /** Of the plan. Absent in records of earlier versions. */
  environment: z.string().optional(),
  /** What somebody should look at although the run went well: health/anomalies.ts. */
  warnings: z.array(z.string()).optional(),
  /** Channels on which it was told, and whether that was delivered; written after the rest, absent where nobody was to be told. */
  notified: z.record(z.string(), z.boolean()).optional(),
});

const signedSchema = z.strictObject({
  ...runSchema.shape,
  key: signatureShape.key,
  /** Absent in records of earlier versions. */
  mac: signatureShape.mac.optional(),
});

const label = 'grill-backup run\0';

/** Outcome of one run of a command on a target: `runs/<target>/<stamp>_<command>_<random>.json` in the primary store. */
export type RunRecord = z.output<typeof runSchema>;

export type Figures = RunRecord['figures'];

/** What a run is called in metrics: a drill proves something else than reading does, and runs on days of its own. */
export const commandOf = ({ command, figures }: RunRecord): string =>
  command === 'verify' && figures['level'] === 'drill' ? 'drill' : command;

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
const keyStart = ({ startedAt, command, target }: RunRecord): string =>
  `${folderOf(target)}${nameTime(new Date(startedAt))}_${command}_`;

/** Whose records are read. */
export interface RunsOf {
  readonly target: string;
  readonly environment: string;
  readonly keys: KeyRing | undefined;
  readonly now: Date;
}

/** Whose records an app reads of a target. */
export const runsOf = ({ plan, keys, run }: Pick<App, 'plan' | 'keys' | 'run'>, target: string): RunsOf => ({
  target,
  environment: plan.environment,
  keys,
  now: run.now(),
});

type SignedRun = z.output<typeof signedSchema>;

/** Why a record is not believed: it must be signed by the plan, where that has a key, for this place, and of the past. */
const doubtAbout = async (
  key: string,
  signed: SignedRun,
  { target, environment, keys, now }: RunsOf,
): Promise<string | undefined> => {
  if (signed.target !== target) return `is of target ${signed.target}`;
  if ((signed.environment ?? environment) !== environment) return `is of environment ${signed.environment}`;
  if (!key.startsWith(keyStart(signed))) return 'belongs under another name';
  if (isOfFuture(signed.finishedAt, now)) return `says that it ended at ${signed.finishedAt}, in the future`;
  if (!keys) return undefined;
  const { mac } = signed;
  const proof = mac === undefined ? 'unproved' : await proofOf(label, { ...signed, mac }, keys);
  return proof === 'proved' ? undefined : 'is signed by no key at hand';
};

interface Examined {
  readonly record: RunRecord;
  readonly doubt: string | undefined;
}

/** Undefined for what was removed meanwhile; a text for what is no record. */
const examine = async (store: Store, key: string, whose: RunsOf): Promise<Examined | string | undefined> => {
  try {
    const signed = signedSchema.parse(JSON.parse((await readSmall(store, key, 'run')).toString('utf8')));
    const { mac: _mac, key: _key, ...record } = signed;
    return { record, doubt: await doubtAbout(key, signed, whose) };
  } catch (error) {
    return isBackupError(error, 'store.missing') ? undefined : 'is no record of a run';
  }
};

/**
 * Undefined for what is no record, was removed meanwhile, or cannot be believed: whoever can write to the store must not
 * hide a failure behind a run that never was.
 */
export const readRun = async (store: Store, key: string, whose: RunsOf): Promise<RunRecord | undefined> => {
  const found = await examine(store, key, whose);
  return typeof found === 'object' && found.doubt === undefined ? found.record : undefined;
};

/** Records of a target that are not believed, each with the reason. */
export const doubtfulRuns = async (
  store: Store,
  whose: RunsOf,
): Promise<readonly { readonly key: string; readonly doubt: string }[]> => {
  const doubtful: { key: string; doubt: string }[] = [];
  for (const { key } of await listRuns(store, whose.target)) {
    const found = await examine(store, key, whose);
    const doubt = typeof found === 'string' ? found : found?.doubt;
    if (doubt !== undefined) doubtful.push({ key, doubt });
  }
  return doubtful;
};

const put = async (
  store: Store,
  keys: KeyRing | undefined,
  record: RunRecord,
  id: string,
  replace: boolean,
): Promise<void> => {
  const text = `${JSON.stringify(await sign(label, record, keys?.[0]))}\n`;
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

/** Newest runs of a target first, of one command where it is named. */
export async function* readRuns(
  store: Store,
  whose: RunsOf,
  command?: RecordedCommand,
): AsyncGenerator<RunRecord> {
  for (const { key } of (await listRuns(store, whose.target)).toReversed()) {
    if (command && !key.includes(`_${command}_`)) continue;
    const record = await readRun(store, key, whose);
    if (record) yield record;
  }
}

/** A run that another one kept from starting says nothing about the target. */
export const saysSomething = ({ failure }: RunRecord): boolean => failure?.code !== 'lock.held';
