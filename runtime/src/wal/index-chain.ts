import { z } from 'zod';
import { BackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { proofOf, sign, signatureShape } from '../crypto/signature.ts';
import { readSmall } from '../store/size-limits.ts';
import { indexKey, pieceKey, timelineText, type HourPlace, type PieceName } from './names.ts';
import { parseJson } from './json.ts';
import type { LogPlace } from './place.ts';

const label = 'grill-backup wal index\0';

const indexSchema = z.strictObject({
  format: z.literal(1),
  environment: z.string(),
  target: z.string(),
  system: z.string(),
  timeline: z.string(),
  /** Of the server's clock: `2026-11-29T09`, in UTC. */
  hour: z.string(),
  /** MAC of the index before it on the same timeline; null for the first. */
  previous: z.string().nullable(),
  /** Names of the objects with the hour's log, in order, which hold the MACs of their bytes. */
  pieces: z.array(z.string()),
  ...signatureShape,
});

/** The log of one hour of a timeline, complete. */
export type HourIndex = z.output<typeof indexSchema>;

const baseName = (key: string): string => key.slice(key.lastIndexOf('/') + 1);

/** Name of a piece in its folder: what an index lists. */
export const pieceFile = (target: string, piece: PieceName): string => baseName(pieceKey(target, piece));

const contentOf = ({ environment, target }: LogPlace, { system, timeline, hour }: HourPlace) => ({
  environment,
  target,
  system,
  timeline: timelineText(timeline),
  hour,
});

/** Writes the index of an hour that is over; in the place of one that a killed run wrote before it was finished. */
export const putIndex = async (
  place: LogPlace,
  hour: HourPlace,
  previous: HourIndex | undefined,
  pieces: readonly PieceName[],
): Promise<HourIndex> => {
  const { store, target, keys } = place;
  const content = {
    format: 1 as const,
    ...contentOf(place, hour),
    previous: previous?.mac ?? null,
    pieces: pieces.map((piece) => pieceFile(target, piece)),
  };
  const signed = await sign(label, content, keys?.[0]);
  const key = indexKey(target, hour);
  await store.put(key, () => oneChunk(`${JSON.stringify(signed)}\n`), { replace: true });
  return signed;
};

/** @throws BackupError archive.damaged for what does not prove itself, or is of another place; store.* */
export const readIndex = async (place: LogPlace, hour: HourPlace): Promise<HourIndex> => {
  const key = indexKey(place.target, hour);
  const index = indexSchema.safeParse(parseJson(await readSmall(place.store, key, 'walRecord'))).data;
  const expected = Object.entries(contentOf(place, hour));
  const isHere = index && expected.every(([field, value]) => index[field as keyof HourIndex] === value);
  const proof = index && (await proofOf(label, index, place.keys));
  if (!isHere || proof !== (place.keys ? 'proved' : 'unproved'))
    throw new BackupError('archive.damaged', `index ${key} was altered, or is of another log`);
  return index;
};
