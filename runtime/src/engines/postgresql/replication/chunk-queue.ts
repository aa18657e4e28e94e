import type { LogChunk } from '../../engine-log.ts';

/** What came and was not read yet. One reader. */
export interface ChunkQueue {
  /** Copies the bytes, which go on where those before them ended. */
  readonly push: (chunk: LogChunk) => void;
  /** Ends after what is queued; with an error, where one is given. */
  readonly end: (error?: unknown) => void;
  readonly chunks: AsyncIterable<LogChunk>;
}

/** What comes while the reader is busy waits together, in memory that is used again: a backlog would leave gigabytes of garbage. */
const slabBytes = 512 << 10;

interface Slab {
  readonly memory: Buffer;
  from: bigint;
  bytes: number;
  sentAt: Date;
}

const chunkOf = ({ memory, from, bytes, sentAt }: Slab): LogChunk => ({
  from,
  bytes: memory.subarray(0, bytes),
  sentAt,
});

/**
 * Holds log until it is read. @param onLevel told after each change how many bytes wait, so that who fills the queue can stop and
 * go on
 */
export const chunkQueue = (onLevel: (bytes: number) => void): ChunkQueue => {
  const spare: Buffer[] = [];
  const queue: Slab[] = [];
  let waiting = 0;
  let ended: { readonly error?: unknown } | undefined;
  let more = Promise.withResolvers<void>();
  const begin = ({ from, sentAt }: LogChunk): Slab => {
    const slab = { memory: spare.pop() ?? Buffer.allocUnsafeSlow(slabBytes), from, bytes: 0, sentAt };
    queue.push(slab);
    return slab;
  };
  /** A slab that has room, and that the log goes on in. */
  const open = (chunk: LogChunk): Slab => {
    const last = queue.at(-1);
    const goesOn = last && last.bytes < slabBytes && last.from + BigInt(last.bytes) === chunk.from;
    return goesOn ? last : begin(chunk);
  };
  const add = (chunk: LogChunk): number => {
    const slab = open(chunk);
    const copied = chunk.bytes.copy(slab.memory, slab.bytes);
    slab.bytes += copied;
    slab.sentAt = chunk.sentAt;
    return copied;
  };
  async function* chunks(): AsyncGenerator<LogChunk> {
    for (;;) {
      const next = queue.shift();
      if (next) {
        waiting -= next.bytes;
        onLevel(waiting);
        yield chunkOf(next);
        spare.push(next.memory);
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
    push: ({ from, bytes, sentAt }) => {
      for (let taken = 0; taken < bytes.length;)
        taken += add({ from: from + BigInt(taken), bytes: bytes.subarray(taken), sentAt });
      waiting += bytes.length;
      onLevel(waiting);
      more.resolve();
    },
    end: (error) => {
      ended ??= error === undefined ? {} : { error };
      more.resolve();
    },
    chunks: chunks(),
  };
};
