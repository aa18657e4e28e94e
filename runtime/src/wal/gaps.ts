import { z } from 'zod';
import { BackupError } from '../core/errors.ts';
import { proofOf, sign, signatureShape } from '../crypto/signature.ts';
import { readSmall } from '../store/size-limits.ts';
import { parseJson } from './json.ts';
import { gapKey, positionText, timelineText, type GapName } from './names.ts';
import type { LogPlace } from './place.ts';
import { putOnce } from './put-once.ts';

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

/** @throws BackupError archive.damaged for what does not prove itself, or is of another place; store.* */
export const readGap = async (place: LogPlace, name: GapName): Promise<Gap> => {
  const key = gapKey(place.target, name);
  const gap = gapSchema.safeParse(parseJson(await readSmall(place.store, key, 'walRecord'))).data;
  const isHere =
    gap && Object.entries(placeOf(place, name)).every(([field, value]) => gap[field as keyof Gap] === value);
  const proof = gap && (await proofOf(label, gap, place.keys));
  if (!isHere || proof !== (place.keys ? 'proved' : 'unproved'))
    throw new BackupError('archive.damaged', `gap ${key} was altered, or is of another log`);
  return gap;
};
