import { z } from 'zod';
import { signatureShape } from '../crypto/signature.ts';
import { indexKey, pieceKey, timelineText, type HourPlace, type PieceName } from './names.ts';
import type { LogPlace } from './place.ts';
import { putRecord, readRecord } from './record.ts';

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
  /** MACs of indexes in whose place it was written when the key changed: the next one may name any of them. */
  formerly: z.array(z.string()).optional(),
  /** Names of the objects with the hour's log, in order, which hold the MACs of their bytes. */
  pieces: z.array(z.string()),
  ...signatureShape,
});

const indexKind = { name: 'index', label, schema: indexSchema };

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
  const { target } = place;
  return putRecord(place, indexKey(target, hour), label, {
    format: 1 as const,
    ...contentOf(place, hour),
    previous: previous?.mac ?? null,
    pieces: pieces.map((piece) => pieceFile(target, piece)),
  });
};

/** Writes an index in the place of one that another key signed, or that lists what another key made. */
export const replaceIndex = (
  place: LogPlace,
  hour: HourPlace,
  { mac, key: _key, formerly = [], ...content }: HourIndex,
  changed: Pick<HourIndex, 'previous' | 'pieces'>,
): Promise<HourIndex> =>
  putRecord(place, indexKey(place.target, hour), label, {
    ...content,
    ...changed,
    formerly: [...formerly, mac],
  });

/** Whether an index goes on from another one, or from what was in its place before. */
export const follows = ({ previous }: HourIndex, { mac, formerly = [] }: HourIndex): boolean =>
  previous !== null && [mac, ...formerly].includes(previous);

/** @throws as `readRecord` */
export const readIndex = (place: LogPlace, hour: HourPlace): Promise<HourIndex> =>
  readRecord(place, indexKey(place.target, hour), indexKind, contentOf(place, hour));
