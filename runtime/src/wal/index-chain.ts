import { z } from 'zod';
import { oneChunk } from '../core/one-chunk.ts';
import { sign, signatureShape } from '../crypto/signature.ts';
import { indexKey, pieceKey, timelineText, type HourPlace, type PieceName } from './names.ts';
import type { LogPlace } from './place.ts';
import { readRecord } from './record.ts';

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

/** @throws as `readRecord` */
export const readIndex = (place: LogPlace, hour: HourPlace): Promise<HourIndex> =>
  readRecord(
    place,
    indexKey(place.target, hour),
    { name: 'index', label, schema: indexSchema },
    contentOf(place, hour),
  );
