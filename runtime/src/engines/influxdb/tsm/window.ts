/** Gathered beyond what is asked for, so that small readings seldom wait. */
const aheadBytes = 1 << 18;

/** A stream of bytes that is looked at in one piece before it is taken; memory is that of the largest look. */
export class Window {
  readonly #chunks: AsyncIterator<Buffer>;
  #ended = false;
  /** What was gathered; bytes before `at` are taken. Never written to, so that parts of it may be kept. */
  data: Buffer = Buffer.alloc(0);
  /** The same, to read numbers. */
  view: DataView = new DataView(new ArrayBuffer(0));
  at = 0;
  #passed = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes of the stream that are taken. */
  get position(): number {
    return this.#passed + this.at;
  }

  has(bytes: number): boolean {
    return this.data.length - this.at >= bytes;
  }

  /** True where the window holds so many bytes, or all that are left: no more come however long one waits. */
  isFilled(bytes: number): boolean {
    return this.#ended || this.has(bytes);
  }

  /** Gathers so many bytes; false where the stream ends before. */
  async fill(bytes: number): Promise<boolean> {
    if (this.isFilled(bytes)) return this.has(bytes);
    const parts = [this.data.subarray(this.at)];
    let length = this.data.length - this.at;
    while (length < bytes + aheadBytes) {
      const next = await this.#chunks.next();
      this.#ended = next.done === true;
      if (next.done) break;
      parts.push(next.value);
      length += next.value.length;
    }
    this.#passed += this.at;
    [this.data, this.at] = [Buffer.concat(parts, length), 0];
    this.view = new DataView(this.data.buffer, this.data.byteOffset, length);
    return this.has(bytes);
  }

  /** @throws Error where the stream ends before */
  async need(bytes: number): Promise<void> {
    if (!(await this.fill(bytes))) throw new Error('it is cut');
  }

  take(bytes: number): Buffer {
    const taken = this.data.subarray(this.at, this.at + bytes);
    this.at += bytes;
    return taken;
  }
}
