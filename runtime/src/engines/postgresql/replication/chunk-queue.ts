import type { LogChunk } from '../../engine-log.ts';

/** What came and was not read yet. One reader. */
export interface ChunkQueue {
  /** Copies the bytes. */
  readonly push: (chunk: LogChunk) => void;
  /** Ends after what is queued; with an error, where one is given. */
  readonly end: (error?: unknown) => void;
  readonly chunks: AsyncIterable<LogChunk>;
}

/** As much as a server sends at once, where it has more. */
const slabBytes = 128 << 10;

interface Queued {
  readonly chunk: LogChunk;
  /** Memory of its bytes, to be used again. */
  readonly slab?: Buffer;
}

/** Copies chunks, large ones into memory that is used again: a backlog would leave hundreds of megabytes of garbage a second. */
const copier = () => {
  const spare: Buffer[] = [];
  return {
    copy: (chunk: LogChunk): Queued => {
      const { bytes } = chunk;
      if (bytes.length < slabBytes / 2 || bytes.length > slabBytes)
        return { chunk: { ...chunk, bytes: Buffer.from(bytes) } };
      const slab = spare.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
      return { chunk: { ...chunk, bytes: slab.subarray(0, bytes.copy(slab)) }, slab };
    },
    giveBack: ({ slab }: Queued): void => {
      if (slab) spare.push(slab);
    },
  };
};

/**
 * Holds chunks until they are read. @param onLevel told after each change how many bytes wait, so that who fills the queue
 * can stop and go on
 */
export const chunkQueue = (onLevel: (bytes: number) => void): ChunkQueue => {
  const memory = copier();
  const queue: Queued[] = [];
  let bytes = 0;
  let ended: { readonly error?: unknown } | undefined;
  let more = Promise.withResolvers<void>();
  async function* chunks(): AsyncGenerator<LogChunk> {
    for (;;) {
      const next = queue.shift();
      if (next) {
        bytes -= next.chunk.bytes.length;
        onLevel(bytes);
        yield next.chunk;
        memory.giveBack(next);
      } else if (ended) {
        if ('error' in ended) throw ended.error;
        return;
      } else {
        more = Promise.withResolvers();
        await more.promise;
      }
    }
  }
  return {
    push: (chunk) => {
      queue.push(memory.copy(chunk));
      bytes += chunk.bytes.length;
      onLevel(bytes);
      more.resolve();
    },
    end: (error) => {
      ended ??= error === undefined ? {} : { error };
      more.resolve();
    },
    chunks: chunks(),
  };
};
