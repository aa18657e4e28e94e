import { z } from 'zod';
import { signatureShape } from '../crypto/signature.ts';
import { listed } from '../store/listed.ts';
import { isReceptionKey, receptionFolder } from './names.ts';
import type { LogPlace } from './place.ts';
import { putRecord, readRecord } from './record.ts';

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
  /** The audit trail has it. */
  noted: z.literal(true).optional(),
};

const receptionSchema = z.strictObject({ ...shape, ...signatureShape });

/** What was written down, and by which key. */
export type Reception = z.output<typeof receptionSchema>;

export const receptionKind = { name: 'record', label, schema: receptionSchema };

/** One life of a receiver: when it ran, what happened to it, and why it ended. */
export type ReceptionFacts = z.output<z.ZodObject<typeof shape>>;

/** Writes it down; in the place of what was known of it before. */
export const putReception = async (place: LogPlace, key: string, facts: ReceptionFacts): Promise<void> => {
  await putRecord(place, key, label, facts);
};

/** Keys of what receivers of a target wrote down, oldest first. */
export const listReceptions = async ({ store, target }: LogPlace): Promise<readonly string[]> =>
  (await listed(store, receptionFolder(target)))
    .map(({ key }) => key)
    .filter((key) => isReceptionKey(target, key))
    .toSorted();

/** @throws as `readRecord` */
export const readReception = (place: LogPlace, key: string): Promise<Reception> => {
  const { environment, target } = place;
  return readRecord(place, key, receptionKind, { environment, target });
};

/** Notes in a record of what is over that the audit trail has it. */
export const markNoted = (
  place: LogPlace,
  key: string,
  { mac: _mac, key: _key, ...facts }: Reception,
): Promise<void> => putReception(place, key, { ...facts, noted: true });
