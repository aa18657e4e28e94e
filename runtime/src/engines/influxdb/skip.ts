/** Reads content that is not wanted to its end, as the next entry follows behind it. */
export const skip = async (content: AsyncIterable<Buffer>): Promise<void> => {
  const iterator = content[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next());
};
