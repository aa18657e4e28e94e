import type { Socket } from 'node:net';

/** Longest line that a server or a replica sends outside of bulk data. */
const longestLineBytes = 64 * 1024;
/** Longest bulk reply that is kept: 512 MiB, the most that Redis itself takes (proto-max-bulk-len). */
const longestBulkBytes = 512 * 1024 * 1024;

const lineEnd = '\r\n';

/** How bytes are strings: text, or one character a byte, for keys and values of any bytes. */
export type Characters = 'utf8' | 'latin1';

export type Reply = string | number | null | readonly Reply[];

/** A reply that is text or a number; empty for what the server does not have. */
export const textOf = (reply: Reply | undefined): string =>
  typeof reply === 'string' || typeof reply === 'number' ? `${reply}` : '';

/** An error reply: `NOAUTH Authentication required.` */
export class RedisError extends Error {
  /** First word: `NOAUTH`, `ERR`, … */
  get kind(): string {
    return this.message.split(' ', 1).join('');
  }
}

/** Takes lines and bytes from a socket at the pace in which they are asked for. */
export class RespReader {
  readonly #chunks: AsyncIterator<Buffer, undefined>;
  readonly #characters: Characters;
  #rest: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, characters: Characters = 'utf8') {
    this.#characters = characters;
    this.#chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  }

  async #more(): Promise<void> {
    const { value } = await this.#chunks.next();
    if (value === undefined) throw new Error('the connection was closed');
    this.#rest = this.#rest.length ? Buffer.concat([this.#rest, value]) : value;
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\n');
      if (end !== -1) {
        const line = this.#rest.toString('latin1', 0, end);
        this.#rest = this.#rest.subarray(end + 1);
        return line.endsWith('\r') ? line.slice(0, -1) : line;
      }
      if (this.#rest.length > longestLineBytes) throw new Error('the line is too long');
      await this.#more();
    }
  }

  /** The next line with anything in it: both sides send empty ones to look alive while they prepare or load. */
  async nextLine(): Promise<string> {
    for (;;) {
      const line = await this.#line();
      if (line !== '') return line;
    }
  }

  async #bytes(length: number): Promise<Buffer> {
    if (length > longestBulkBytes) throw new Error(`a reply of ${length} bytes is too long`);
    const chunks = [this.#rest];
    for (let have = this.#rest.length; have < length; have += this.#rest.length) {
      this.#rest = Buffer.alloc(0);
      await this.#more();
      chunks.push(this.#rest);
    }
    this.#rest = chunks.length > 1 ? Buffer.concat(chunks) : this.#rest;
    const bytes = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return bytes;
  }

  /** The length of the bulk reply that comes next, whose bytes `body` reads; undefined where there is none. @throws RedisError */
  async bulkLength(): Promise<number | undefined> {
    const line = await this.nextLine();
    if (line.startsWith('-')) throw new RedisError(line.slice(1));
    if (!line.startsWith('$'))
      throw new Error(`not a bulk reply of redis: ${JSON.stringify(line.slice(0, 40))}`);
    return line === '$-1' ? undefined : Number(line.slice(1));
  }

  /** A bulk reply's bytes as they come, whatever its length. */
  async *body(length: number): AsyncGenerator<Buffer, void, undefined> {
    for (let left = length; left > 0;) {
      if (this.#rest.length === 0) await this.#more();
      const chunk = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(chunk.length);
      left -= chunk.length;
      yield chunk;
    }
    await this.#bytes(lineEnd.length);
  }

  /** All that follows, as it comes. */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      if (this.#rest.length === 0) await this.#more();
      const chunk = this.#rest;
      this.#rest = Buffer.alloc(0);
      yield chunk;
    }
  }

  /** One reply or command of RESP2. @throws RedisError for an error reply */
  async reply(): Promise<Reply> {
    const line = await this.nextLine();
    const [kind, text] = [line[0], line.slice(1)];
    if (kind === '+') return text;
    if (kind === '-') throw new RedisError(text);
    if (kind === ':') return Number(text);
    if (kind === '$')
      return text === '-1'
        ? null
        : (await this.#bytes(Number(text) + 2)).toString(this.#characters, 0, Number(text));
    if (kind === '*') return this.#array(Number(text));
    throw new Error(`not a reply of redis: ${JSON.stringify(line.slice(0, 40))}`);
  }

  async #array(length: number): Promise<Reply> {
    const items: Reply[] = [];
    while (items.length < length) items.push(await this.reply());
    return length < 0 ? null : items;
  }
}

/** One bulk string. */
export const encodeBulk = (text: string, characters: Characters = 'utf8'): string =>
  `$${Buffer.byteLength(text, characters)}\r\n${text}\r\n`;

/** A command as an array of bulk strings. */
export const encodeCommand = (args: readonly string[], characters: Characters = 'utf8'): string =>
  `*${args.length}\r\n${args.map((arg) => encodeBulk(arg, characters)).join('')}`;
