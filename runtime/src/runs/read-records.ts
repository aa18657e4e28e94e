import type { z } from 'zod';
import { isOfFuture } from '../archives/authentic.ts';
import { isOfObject } from '../archives/catalogue.ts';
import type { Rows, Section } from '../archives/catalogue-index.ts';
import type { OpenIndex } from '../archives/known.ts';
import { isBackupError } from '../core/errors.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { proofOf } from '../crypto/signature.ts';
import type { App } from '../session/app.ts';
import { readAll } from '../store/batches.ts';
import { readOnce, type Memory } from '../store/read-once.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Store, StoredObject } from '../store/store.ts';
import { keyStart, listRuns, runLabel, signedRunSchema, type RunRecord } from './records.ts';

/** Whose records count. */
export interface Signer {
  readonly environment: string;
  readonly keys: KeyRing | undefined;
}

export const signerOf = ({ plan, keys }: Pick<App, 'plan' | 'keys'>): Signer => ({
  environment: plan.environment,
  keys,
});

type SignedRun = z.output<typeof signedRunSchema>;

/** Why a record does not count, whenever it is read: it must be signed by the plan, where that has a key, for this place. */
const doubtAbout = async (
  key: string,
  target: string,
  signed: SignedRun,
  { environment, keys }: Signer,
): Promise<string | undefined> => {
  if (signed.target !== target) return `belongs to target ${signed.target}`;
  if ((signed.environment ?? environment) !== environment)
    return `belongs to environment ${signed.environment}`;
  if (!key.startsWith(keyStart(signed))) return 'belongs under another name';
  if (!keys) return undefined;
  const { mac } = signed;
  const proof = mac === undefined ? 'unproved' : await proofOf(runLabel, { ...signed, mac }, keys);
  return proof === 'proved' ? undefined : 'is signed by no available key';
};

/** What was found under a key. */
interface Examined {
  readonly key: string;
  /** Check of the key that signed it; absent for what is unsigned, or no record. */
  readonly by?: string | undefined;
  /** Absent for what is no record. */
  readonly record?: RunRecord;
  readonly doubt?: string | undefined;
  /** False where the store refused it: the next reading may find it. */
  readonly isRead: boolean;
}

/** Errors that tell what an object is; others may be gone at the next reading. */
const isFinal = (error: unknown): boolean =>
  !isBackupError(error) || error.code === 'store.large' || error.code === 'store.odd';

/** Undefined for what was removed since it was listed. @throws BackupError of the store as a whole */
const examine = async (
  store: Store,
  key: string,
  target: string,
  signer: Signer,
): Promise<Examined | undefined> => {
  try {
    const text = (await readSmall(store, key, 'runRecord')).toString('utf8');
    const signed = signedRunSchema.parse(JSON.parse(text));
    const { mac: _mac, key: signedBy, ...record } = signed;
    const doubt = await doubtAbout(key, target, signed, signer);
    return { key, by: signedBy?.check, record, doubt, isRead: true };
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    if (isBackupError(error) && !isOfObject(error)) throw error;
    return { key, doubt: 'is not a record of a run', isRead: isFinal(error) };
  }
};

/** What ended in the future now will have been one day, so the clock is looked at anew. */
const doubtAt = ({ record, doubt }: Examined, now: Date): string | undefined => {
  if (doubt !== undefined || !record || !isOfFuture(record.finishedAt, now)) return doubt;
  return `has the end time ${record.finishedAt}, in the future`;
};

const fromRows = ({ runs }: Rows): Memory<Examined> =>
  new Map(
    [...runs].map(
      ([
        key,
        {
          bytes,
          tag,
          value: { by, value },
        },
      ]) => [key, { bytes, tag, value: { key, by, record: value as RunRecord, isRead: true } }],
    ),
  );

export interface RecordsReader {
  /** As `read`, of what was listed; and whether the next reading finds the same as long as the listing is. */
  readonly readListed: (
    target: string,
    objects: readonly StoredObject[],
    now: Date,
    index?: OpenIndex,
  ) => Promise<{ readonly records: readonly RunRecord[]; readonly isSettled: boolean }>;
  /** Records of a target that count at some time, newest first. @param index of the target. @default none */
  readonly read: (target: string, now: Date, index?: OpenIndex) => Promise<readonly RunRecord[]>;
  /** What the last reading of a target found, for its index. */
  readonly section: (target: string) => Section;
}

/**
 * Reads records; each again only when it changed, and none that the index of the target knows. Whoever can write to the
 * store must not hide a failure behind a run that never was: left out is what is no record, is not authentic, or ended in
 * the future.
 */
export const recordsReader = (store: Store, signer: Signer): RecordsReader => {
  const known = readOnce<Examined | undefined>(
    ({ key }, target) => examine(store, key, target, signer),
    (found) => found?.isRead ?? false,
  );
  const readListed: RecordsReader['readListed'] = async (target, objects, now, index) => {
    const initial = index && (async () => fromRows(await (await index()).rows()));
    const found = await known.read(target, objects, { initial });
    const counting = found.filter((each) => each?.record && doubtAt(each, now) === undefined);
    const records = counting.flatMap((each) => each?.record ?? []).toReversed();
    const ahead = found.some((each) => each?.record && isOfFuture(each.record.finishedAt, now));
    return { records, isSettled: !ahead && found.every((each) => each?.isRead) };
  };
  return {
    readListed,
    read: async (target, now, index) =>
      (await readListed(target, await listRuns(store, target), now, index)).records,
    section: (target) =>
      new Map(
        [...known.known(target)].flatMap(([key, { bytes, tag, value }]) =>
          value?.record && value.by !== undefined && value.doubt === undefined
            ? [[key, { bytes, tag, value: { by: value.by, value: value.record } }]]
            : [],
        ),
      ),
  };
};

/** Records of a target that do not count, each with the reason. */
export const doubtfulRuns = async (
  store: Store,
  target: string,
  signer: Signer,
  now: Date,
): Promise<readonly { readonly key: string; readonly doubt: string }[]> => {
  const found = await readAll(await listRuns(store, target), ({ key }) =>
    examine(store, key, target, signer),
  );
  return found.flatMap((each) => {
    const doubt = each && doubtAt(each, now);
    return each === undefined || doubt === undefined ? [] : [{ key: each.key, doubt }];
  });
};
