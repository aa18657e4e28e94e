import { isBackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { Store } from '../store/store.ts';

async function* inParts(parts: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

/** Stores what its key names in full, so that an object that has the key already is this very one. */
export const putOnce = async (
  store: Store,
  key: string,
  content: readonly Buffer[] | string,
): Promise<void> => {
  await store
    .put(key, () => (typeof content === 'string' ? oneChunk(content) : inParts(content)))
    .catch((error: unknown) => {
      if (!isBackupError(error, 'store.exists')) throw error;
    });
};
