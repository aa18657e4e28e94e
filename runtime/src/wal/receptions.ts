import { z } from 'zod';
import { oneChunk } from '../core/one-chunk.ts';
import { sign, signatureShape } from '../crypto/signature.ts';
import { listed } from '../store/listed.ts';
import { isReceptionKey, receptionFolder } from './names.ts';
import type { LogPlace } from './place.ts';
import { readRecord } from './record.ts';

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

/** @throws as `readRecord` */
export const readReception = (place: LogPlace, key: string): Promise<ReceptionFacts> => {
  const { environment, target } = place;
  return readRecord(place, key, { name: 'record', label, schema: receptionSchema }, { environment, target });
};
