import { beside } from '../../core/beside.ts';
import { countingBytes } from '../../core/count-bytes.ts';
import type { Entries } from '../../core/entries.ts';
import { mustExist } from '../../core/must-exist.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import { sum } from '../../core/sum.ts';
import { startSealing } from '../../crypto/seal.ts';
import type { NewPart, PartsDump } from '../../engines/engine-parts.ts';
import { compress } from '../../pipeline/compress.ts';
import { leadBytes, leading } from '../../pipeline/lead.ts';
import type { App } from '../../session/app.ts';
import type { FileManifest, Part, PartedManifest, SealedPart } from '../manifest.ts';
import type { SealKeys } from '../seal-keys.ts';
import type { EarlierParts } from './earlier.ts';
import { partKey } from './keys.ts';

/**
 * Puts a stream into a file of its own, which no manifest names yet. All files of an archive share its salt, as a derivation takes as
 * long as all else of a small part: so a part begins with random bytes, lest what begins alike is sealed alike.
 */
const partStore = ({ run, plan, stores }: App, target: string, sealKeys: SealKeys) => {
  const { compression } = plan;
  const salt = sealKeys?.parameters.salt ?? null;
  return async (content: AsyncIterable<Buffer>): Promise<SealedPart> => {
    const file = { id: run.randomBytes(16).toString('hex'), compression, salt };
    let bytes = 0;
    const packed = compress(
      run,
      countingBytes(content, (passed) => (bytes += passed)),
      compression,
    );
    const plain = sealKeys ? leading(packed, compression.algorithm, run.randomBytes(leadBytes)) : packed;
    const sealing = startSealing(plain, file.id, sealKeys?.keys);
    await stores.primary.put(partKey(target, file), sealing.bytes, { signal: run.signal });
    return { ...file, bytes, storedAt: run.now().toISOString(), seal: sealing.seal() };
  };
};

/** What a manifest in format 2 says beyond those of format 1. */
type Parted = Pick<PartedManifest, 'format' | 'parts' | 'notes' | 'entries' | 'sourceBytes'>;

interface PartsWriter {
  /** Entries of the archive's own file; the parts between them are stored, or named again, as they come. */
  readonly head: (entries: PartsDump['entries']) => Entries;
  /** Stores no further part, where the archive's own file could not be written: its entries are read ahead. Ends when none is on its way. */
  readonly stop: () => Promise<void>;
  /** Stores the notes, and says what the manifest has to. Call after `head` ended. */
  readonly finish: (head: Pick<FileManifest, 'entries'>, notes: Buffer) => Promise<Parted>;
}

const isPart = (entry: object): entry is NewPart => 'facts' in entry;

/** Parts on their way to the store beside the dump that goes on. @default 2 - each is in memory, and two keep two processors busy */
const together = 2;

/** Writes an archive of parts; those that did not change are the earlier archive's. */
export const partsWriter = (
  app: App,
  target: string,
  sealKeys: SealKeys,
  earlier: EarlierParts | undefined,
): PartsWriter => {
  const store = partStore(app, target, sealKeys);
  const storing = beside(together);
  const names: string[] = [];
  const parts = new Map<string, Part>();
  let stopped = false;
  const storePart = async ({ name, content, facts }: NewPart): Promise<void> => {
    parts.set(name, { entry: name, ...(await store(content)), facts: facts() });
  };
  async function* head(entries: PartsDump['entries']): Entries {
    for await (const entry of entries) {
      if (stopped) throw new Error('the archive was given up');
      const { name } = entry;
      names.push(name);
      if ('isSame' in entry) {
        const { earlier: before = name } = entry;
        parts.set(name, { ...mustExist(earlier?.part(before), `part ${before}`), entry: name });
      } else if (!isPart(entry)) yield entry;
      else if (entry.isHeld) await storing.begin(() => storePart(entry));
      else await storePart(entry);
    }
    await storing.finish();
  }
  return {
    head,
    stop: async () => {
      stopped = true;
      await storing.settle();
    },
    finish: async (file, notes) => {
      const bytesOf = new Map(file.entries.map(({ name, bytes }) => [name, bytes] as const));
      const entries = names.map((name) => ({
        name,
        bytes: mustExist(bytesOf.get(name) ?? parts.get(name)?.bytes, name),
      }));
      const sourceBytes = sum(entries.map(({ bytes }) => bytes));
      const listed = names.flatMap((name) => parts.get(name) ?? []); // in the order of the entries, whichever was stored first
      return { format: 2, entries, sourceBytes, parts: listed, notes: await store(oneChunk(notes)) };
    },
  };
};
