/** A promise that is settled from outside. */
const signal = () => Promise.withResolvers<void>();

/**
 * Reads up to `bytes` ahead of its reader, so that the programs on both sides of it work at the same time. An error of
 * the source comes after what was read before it; a reader that stops early stops the source.
 */
export async function* readAhead(source: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  const queue: Buffer[] = [];
  let [queued, stopped] = [0, false];
  let [more, room] = [signal(), signal()];
  const pump = async (): Promise<void> => {
    for await (const chunk of source) {
      queue.push(chunk);
      queued += chunk.length;
      more.resolve();
      if (queued >= bytes) await room.promise;
      if (stopped) return;
    }
  };
  let ended = false;
  const pumped = pump().finally(() => {
    ended = true;
    more.resolve();
  });
  pumped.catch(() => {}); // reported below
  try {
    for (;;) {
      const chunk = queue.shift();
      if (chunk === undefined && ended) break;
      if (chunk === undefined) {
        await more.promise;
        more = signal();
        continue;
      }
      queued -= chunk.length;
      if (queued < bytes) {
        room.resolve();
        room = signal();
      }
      yield chunk;
    }
    await pumped;
  } finally {
    stopped = true;
    room.resolve();
  }
}
