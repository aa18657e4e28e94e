import type { Fingerprint } from '../engine.ts';
import { itemOf, largeObjects } from './items.ts';

const [newline, backslash, dot] = [0x0a, 0x5c, 0x2e];
const name = String.raw`"(?:[^"]|"")*"|[^\s".(]+`;
const copyPattern = new RegExp(String.raw`^COPY (${name})\.(${name}) +(?:\([^]*\) )?FROM stdin;$`);
const openObject = 'SELECT pg_catalog.lo_open(';

/** A longer line is no COPY: names have at most 63 bytes and a table at most 1,600 columns. */
const longestCopyBytes = 1 << 18;

const unquoted = (text: string): string =>
  text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;

/** Reads bytes as text, whose encoding is that of the dump. */
export type Decode = (bytes: Buffer) => string;

const tableOf = (line: string): string | undefined => {
  const [, schema, table] = copyPattern.exec(line) ?? [];
  return schema && table && itemOf({ schema: unquoted(schema), name: unquoted(table) });
};

const isEndOfData = (bytes: Buffer, start: number, end: number): boolean =>
  end - start === 2 && bytes[start] === backslash && bytes[start + 1] === dot;

/** Counts rows of COPY blocks, line by line; a line of data is a row. */
class RowCounter {
  readonly #decode: Decode;
  readonly #rows = new Map<string, number>();
  #objects = 0;
  #table: string | undefined;
  /** A COPY so far, whose names have ends of lines. */
  #begun = '';

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  line(bytes: Buffer, start: number, end: number): void {
    if (this.#table === undefined) this.#statement(this.#decode(bytes.subarray(start, end)));
    else if (isEndOfData(bytes, start, end)) this.#table = undefined;
    else this.#rows.set(this.#table, (this.#rows.get(this.#table) ?? 0) + 1);
  }

  #statement(line: string): void {
    const text = this.#begun + line;
    const isBegun =
      text.startsWith('COPY ') && !text.endsWith(' FROM stdin;') && text.length < longestCopyBytes;
    this.#begun = isBegun ? `${text}\n` : '';
    if (text.startsWith(openObject)) this.#objects += 1;
    this.#table = tableOf(text);
    if (this.#table !== undefined) this.#rows.set(this.#table, this.#rows.get(this.#table) ?? 0);
  }

  result(): Fingerprint {
    return {
      ...Object.fromEntries([...this.#rows].map(([table, rows]) => [table, { rows }])),
      ...(this.#objects ? { [largeObjects]: { objects: this.#objects } } : {}),
    };
  }
}

/** Rows per table, and large objects, in the output of `pg_restore --data-only`. Memory is bounded for any row. */
export const countCopiedRows = async (
  output: AsyncIterable<Buffer>,
  decode: Decode = (bytes) => bytes.toString('utf8'),
): Promise<Fingerprint> => {
  const counter = new RowCounter(decode);
  let head = Buffer.alloc(0); // of a line that began in an earlier chunk
  for await (const chunk of output) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      if (head.length) {
        const line = Buffer.concat([head, chunk.subarray(0, end)]);
        counter.line(line, 0, line.length);
        head = Buffer.alloc(0);
      } else counter.line(chunk, start, end);
      start = end + 1;
    }
    if (head.length < longestCopyBytes) head = Buffer.concat([head, chunk.subarray(start)]);
  }
  return counter.result();
};
