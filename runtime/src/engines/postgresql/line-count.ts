import { BackupError } from '../../core/errors.ts';

const newline = 0x0a;

/** `\.` and three ends of lines: what pg_dump writes after the rows of a table. */
const linesOfEnd = 3;

/** What is told of the rows of a table. */
export interface CountedRows {
  readonly rows: number;
  /** Hash of their content, where it was asked for. */
  readonly content?: string;
}

/** Counts the rows of one table after the other, in COPY's text format, piece by piece. */
export interface RowCounter {
  /** The rows of a table come, with these columns. */
  begin(columns: readonly string[]): void;
  push(bytes: Buffer, start: number, end: number): void;
  /** After the last row and the lines that end them. @throws BackupError dump.damaged */
  end(): CountedRows;
}

export const damaged = (what: string): BackupError =>
  new BackupError('dump.damaged', `the dump cannot be counted: ${what}`);

/** `indexOf` costs as much as looking at some 40 bytes, and is far faster in longer lines. */
const linesIn = (bytes: Buffer, start: number, end: number): number => {
  let lines = 0;
  for (let at = start; at < end; lines += 1) {
    const found = bytes.indexOf(newline, at);
    if (found === -1 || found >= end) break;
    at = found + 1;
  }
  return lines;
};

/** Counts lines: a row is one, since ends of lines in values are escaped. */
export class LineCount implements RowCounter {
  #lines = 0;

  begin(): void {
    this.#lines = 0;
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.#lines += linesIn(bytes, start, end);
  }

  end(): CountedRows {
    return { rows: this.#lines - linesOfEnd };
  }
}
