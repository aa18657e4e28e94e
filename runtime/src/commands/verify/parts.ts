import { z } from 'zod';
import { reportPartsFolder } from '../../contract/names.ts';
import type { VerifyLevel } from '../../contract/verify-levels.ts';
import { BackupError, messageOf } from '../../core/errors.ts';
import { jsonProblem } from '../../core/json-shape.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import type { Part } from '../../core/part.ts';
import { printable } from '../../core/printable.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import { listed } from '../../store/listed.ts';
import { readSmall } from '../../store/size-limits.ts';
import type { Store, StoredObject } from '../../store/store.ts';
import { mergeParts, type ReportPart } from './merge.ts';
import { storeReport } from './report.ts';
import { verifySchema, type VerificationReport } from './result.ts';

const partSchema = z.strictObject({
  format: z.literal(1),
  targets: z.array(z.string()).readonly(),
  report: verifySchema,
});

const keyOf = (part: Part): string => `${reportPartsFolder}/${part.run}_${part.index}-of-${part.of}.json`;

/** Parts of a run that are there, in the order of their keys. */
const stored = async (store: Store, part: Part): Promise<readonly StoredObject[]> => {
  const keys = new Set(Array.from({ length: part.of }, (_, index) => keyOf({ ...part, index })));
  return (await listed(store, `${reportPartsFolder}/`)).filter(({ key }) => keys.has(key));
};

const readPart = async (store: Store, key: string): Promise<ReportPart> => {
  const bytes = await readSmall(store, key, 'reportPart');
  const problem = jsonProblem(bytes);
  if (problem) throw new BackupError('store.large', `${key} is ${problem}`);
  try {
    return partSchema.parse(JSON.parse(bytes.toString('utf8')));
  } catch (error) {
    throw new BackupError('store.odd', `${key} is not a part of a report: ${messageOf(error)}`, {
      cause: error,
    });
  }
};

/**
 * Writes the report on all targets once all parts are there; a part that was stopped does not wait for others, which may
 * never come. Whoever wrote looks again: of parts that come meanwhile, the last one is in the last report.
 */
const storeWhole = async (app: App, part: Part, level: VerifyLevel, isStopped: boolean): Promise<void> => {
  const { primary } = app.stores;
  const names = app.plan.targets.map(({ name }) => name);
  for (let before = ''; ;) {
    const found = await stored(primary, part);
    const state = JSON.stringify(found);
    if (state === before || (found.length < part.of && !isStopped)) return;
    const parts = await Promise.all(found.map(({ key }) => readPart(primary, key)));
    await storeReport(app, mergeParts(names, part.of, parts), level);
    before = state;
  }
};

/**
 * Stores what a pod of an Indexed Job found, and the report on all targets if it is the last one. A pod that is started again
 * replaces its own part. Parts stay as long as reports, as another pod may be about to read them.
 */
export const storePart = async (
  app: App,
  part: Part,
  { targets, report }: { readonly targets: readonly Target[]; readonly report: VerificationReport },
  level: VerifyLevel,
): Promise<void> => {
  const content: z.input<typeof partSchema> = { format: 1, targets: targets.map(({ name }) => name), report };
  const text = `${printable(JSON.stringify(content))}\n`;
  await app.stores.primary.put(keyOf(part), () => oneChunk(text), { replace: true });
  await storeWhole(app, part, level, report.stopped !== undefined);
};
