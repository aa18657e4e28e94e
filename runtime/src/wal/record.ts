import type { z } from 'zod';
import { BackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { proofOf, sign, type Signed } from '../crypto/signature.ts';
import { readSmall } from '../store/size-limits.ts';
import { parseJson } from './json.ts';
import type { LogPlace } from './place.ts';

type Home = Pick<LogPlace, 'environment' | 'target'>;

/** A kind of signed record that lies beside the log. */
export interface RecordKind<T> {
  /** For people. */
  readonly name: string;
  /** As it is signed under. */
  readonly label: string;
  readonly schema: z.ZodType<T>;
}

/**
 * Reads a signed record. @param here what it says of its place
 * @throws BackupError archive.damaged for what does not prove itself, or is of another place; store.*
 */
export const readRecord = async <T extends Signed & Home>(
  { store, keys }: LogPlace,
  key: string,
  { name, label, schema }: RecordKind<T>,
  here: Partial<T> & Home,
): Promise<T> => {
  const record = schema.safeParse(parseJson(await readSmall(store, key, 'walRecord'))).data;
  const isHere = record && Object.entries(here).every(([field, value]) => record[field as keyof T] === value);
  const proof = record && (await proofOf(label, record, keys));
  if (!isHere || proof !== (keys ? 'proved' : 'unproved'))
    throw new BackupError('archive.damaged', `${name} ${key} was altered, or is of another log`);
  return record;
};

/** Signs a record by the first key, and writes it; in the place of what has its key. */
export const putRecord = async <T extends object>(
  { store, keys }: LogPlace,
  key: string,
  label: string,
  content: T,
): Promise<T & Signed> => {
  const signed = await sign(label, content, keys?.[0]);
  await store.put(key, () => oneChunk(`${JSON.stringify(signed)}\n`), { replace: true });
  return signed;
};

/** Signs a record again, by the first key, in its place. */
export const resignRecord = async <T extends Signed>(
  place: LogPlace,
  key: string,
  { label }: Pick<RecordKind<T>, 'label'>,
  { mac: _mac, key: _key, ...content }: T,
): Promise<void> => void (await putRecord(place, key, label, content));
