/** A stream of one chunk. A store's `put` takes `() => oneChunk(text)` where it may send the text again. */
export async function* oneChunk(content: string | Buffer): AsyncGenerator<Buffer, void, undefined> {
  yield typeof content === 'string' ? Buffer.from(content) : content;
}
