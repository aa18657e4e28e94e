import { z } from 'zod';
import { isBackupError } from '../../core/errors.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import { proofOf, sign, signatureShape } from '../../crypto/signature.ts';
import type { App } from '../../session/app.ts';
import { readSmall } from '../../store/size-limits.ts';
import type { Store } from '../../store/store.ts';
import { isOfObject } from '../catalogue.ts';
import { partsFolder } from './keys.ts';

const label = 'grill-backup unreferenced parts\0';

/** Parts that no archive named when prune looked, and since when: key → time. */
export type Marks = ReadonlyMap<string, string>;

const marksSchema = z.strictObject({
  format: z.literal(1),
  environment: z.string(),
  target: z.string(),
  store: z.string(),
  parts: z.array(z.tuple([z.string(), z.iso.datetime({ precision: 3 })])),
  ...signatureShape,
});

const marksKey = (target: string): string => `${partsFolder(target)}unreferenced.json`;

/** Marks that were made here; those that cannot be read, or are not proved, are none, which only delays a removal. */
export const readMarks = async ({ keys, plan }: App, store: Store, target: string): Promise<Marks> => {
  try {
    const text = (await readSmall(store, marksKey(target), 'manifest')).toString('utf8');
    const marks = marksSchema.parse(JSON.parse(text));
    const proof = await proofOf(label, marks, keys);
    const isOurs =
      marks.environment === plan.environment && marks.target === target && marks.store === store.location;
    return isOurs && proof === (keys ? 'proved' : 'unproved') ? new Map(marks.parts) : new Map();
  } catch (error) {
    if (isBackupError(error) && !isOfObject(error)) throw error;
    return new Map();
  }
};

/** Writes marks down; where there are none, and were none, nothing is written. */
export const writeMarks = async (
  { keys, plan }: App,
  store: Store,
  target: string,
  marks: Marks,
): Promise<void> => {
  const content = { format: 1, environment: plan.environment, target, store: store.location } as const;
  const signed = await sign(label, { ...content, parts: [...marks] }, keys?.[0]);
  await store.put(marksKey(target), () => oneChunk(JSON.stringify(signed)), { replace: true });
};
