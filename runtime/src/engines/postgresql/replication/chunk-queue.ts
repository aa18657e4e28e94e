import type { LogChunk } from '../../engine-log.ts';

/** What came and was not read yet. One reader. */
export interface ChunkQueue {
  readonly push: (chunk: LogChunk) => void;
  /** Ends after what is queued; with an error, where one is given. */
  readonly end: (error?: unknown) => void;
  readonly chunks: AsyncIterable<LogChunk>;
}

/**
 * Holds chunks until they are read. @param onLevel told after each change how many bytes wait, so that who fills the queue
 * can stop and go on
 */
export const chunkQueue = (onLevel: (bytes: number) => void): ChunkQueue => {
  const queue: LogChunk[] = [];
  let bytes = 0;
  let ended: { readonly error?: unknown } | undefined;
  let more = Promise.withResolvers<void>();
  async function* chunks(): AsyncGenerator<LogChunk> {
    for (;;) {
      const chunk = queue.shift();
      if (chunk) {
        bytes -= chunk.bytes.length;
        onLevel(bytes);
        yield chunk;
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
      queue.push(chunk);
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
