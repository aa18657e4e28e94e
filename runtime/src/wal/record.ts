import type { z } from 'zod';
import { BackupError } from '../core/errors.ts';
import { proofOf, type Signed } from '../crypto/signature.ts';
import { readSmall } from '../store/size-limits.ts';
import { parseJson } from './json.ts';
import type { LogPlace } from './place.ts';

type Home = Pick<LogPlace, 'environment' | 'target'>;

/** A kind of signed record that lies beside the log. */
interface RecordKind<T> {
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
