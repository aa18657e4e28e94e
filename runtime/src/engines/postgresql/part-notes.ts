import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { RunContext } from '../../core/context.ts';
import { messageOf } from '../../core/errors.ts';
import { collect } from '../../core/process.ts';
import type { Earlier } from '../engine-parts.ts';

/** Notes of another format are none. */
const format = 1;

const notes = z.strictObject({
  format: z.literal(format),
  /** SHA-256 of each part, and its entry. */
  parts: z.array(z.tuple([z.string().regex(/^[0-9a-f]{64}$/), z.string()])),
});

/** Entries of an earlier dump by the SHA-256 of their content. */
export type PartNotes = ReadonlyMap<string, string[]>;

export const sha256Of = (content: readonly Buffer[]): string => {
  const hash = createHash('sha256');
  for (const bytes of content) hash.update(bytes);
  return hash.digest('hex');
};

export const writeNotes = (parts: readonly (readonly [string, string])[]): Buffer =>
  Buffer.from(JSON.stringify({ format, parts }));

/** What the earlier dump noted of parts that are in the store; none where that cannot be read, which only costs room. */
export const readNotes = async (context: RunContext, earlier: Earlier | undefined): Promise<PartNotes> => {
  const known = new Map<string, string[]>();
  if (!earlier) return known;
  try {
    const { parts } = notes.parse(JSON.parse((await collect(earlier.notes())).toString('utf8')));
    for (const [hash, entry] of parts.filter(([, name]) => earlier.has(name))) {
      const same = known.get(hash) ?? [];
      same.push(entry);
      known.set(hash, same);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    context.log.warn({ problem: messageOf(error) }, 'every part is stored again');
  }
  return known;
};
