import { z } from 'zod';
import { sign, signatureShape } from '../crypto/signature.ts';
import { gapKey, positionText, timelineText, type GapName } from './names.ts';
import type { LogPlace } from './place.ts';
import { putOnce } from './put-once.ts';
import { readRecord } from './record.ts';

const label = 'grill-backup wal gap\0';

const gapSchema = z.strictObject({
  format: z.literal(1),
  environment: z.string(),
  target: z.string(),
  system: z.string(),
  timeline: z.string(),
  from: z.string(),
  to: z.string(),
  why: z.string(),
  /** When it was found. */
  at: z.iso.datetime(),
  ...signatureShape,
});

export type Gap = z.output<typeof gapSchema>;

export const gapKind = { name: 'gap', label, schema: gapSchema };

const placeOf = ({ environment, target }: LogPlace, { system, timeline, from, to }: GapName) => ({
  environment,
  target,
  system,
  timeline: timelineText(timeline),
  from: positionText(from),
  to: positionText(to),
});

/** Writes down that nobody has a stretch of log any more; once is enough. */
export const recordGap = async (place: LogPlace, gap: GapName, why: string, at: Date): Promise<void> => {
  const { store, target, keys } = place;
  const content = { format: 1 as const, ...placeOf(place, gap), why, at: at.toISOString() };
  const signed = await sign(label, content, keys?.[0]);
  await putOnce(store, gapKey(target, gap), `${JSON.stringify(signed)}\n`);
};

/** @throws as `readRecord` */
export const readGap = (place: LogPlace, name: GapName): Promise<Gap> =>
  readRecord(place, gapKey(place.target, name), gapKind, placeOf(place, name));
