import { z } from 'zod';
import { oneChunk } from '../core/one-chunk.ts';
import { BackupError } from '../core/errors.ts';
import { proofOf, sign, signatureShape } from '../crypto/signature.ts';
import { listed } from '../store/listed.ts';
import { readSmall } from '../store/size-limits.ts';
import { parseJson } from './json.ts';
import { isReceptionKey, receptionFolder } from './names.ts';
import type { LogPlace } from './place.ts';

const label = 'grill-backup wal reception\0';

const shape = {
  format: z.literal(1),
  environment: z.string(),
  target: z.string(),
  /** Of the pod. */
  host: z.string(),
  startedAt: z.iso.datetime(),
  /** Absent while it runs, and for one that was killed. */
  endedAt: z.iso.datetime().optional(),
  /** Why it ended. */
  ended: z.string().optional(),
  /** What happened to it: slots, gaps, timelines, connections that were lost. */
  events: z.array(z.strictObject({ at: z.iso.datetime(), what: z.string() })),
  /** Older events that are not there any more. */
  omitted: z.int().optional(),
  pieces: z.int(),
  logBytes: z.int(),
  storedBytes: z.int(),
};

const receptionSchema = z.strictObject({ ...shape, ...signatureShape });

/** One life of a receiver: when it ran, what happened to it, and why it ended. */
export type ReceptionFacts = z.output<z.ZodObject<typeof shape>>;

/** Writes it down; in the place of what was known of it before. */
export const putReception = async (place: LogPlace, key: string, facts: ReceptionFacts): Promise<void> => {
  const text = `${JSON.stringify(await sign(label, facts, place.keys?.[0]))}\n`;
  await place.store.put(key, () => oneChunk(text), { replace: true });
};

/** Keys of what receivers of a target wrote down, oldest first. */
export const listReceptions = async ({ store, target }: LogPlace): Promise<readonly string[]> =>
  (await listed(store, receptionFolder(target)))
    .map(({ key }) => key)
    .filter((key) => isReceptionKey(target, key))
    .toSorted();

/** @throws BackupError archive.damaged for what does not prove itself, or is of another place; store.* */
export const readReception = async (place: LogPlace, key: string): Promise<ReceptionFacts> => {
  const found = receptionSchema.safeParse(parseJson(await readSmall(place.store, key, 'walRecord'))).data;
  const isHere = found?.environment === place.environment && found.target === place.target;
  const proof = found && (await proofOf(label, found, place.keys));
  if (!found || !isHere || proof !== (place.keys ? 'proved' : 'unproved'))
    throw new BackupError('archive.damaged', `record ${key} was altered, or is of another log`);
  return found;
};
