import type { Token } from './sql-tokens.ts';

/** Reads the tokens of one statement from left to right; every method but `is` throws where it meets something else. */
export class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get ended(): boolean {
    return this.#at === this.#tokens.length;
  }

  /** Takes the words if they come next. */
  is(...words: readonly string[]): boolean {
    const found = words.every((text, index) => {
      const token = this.#tokens[this.#at + index];
      return token?.kind === 'word' && token.text.toUpperCase() === text;
    });
    if (found) this.#at += words.length;
    return found;
  }

  expect(...words: readonly string[]): void {
    if (!this.is(...words)) throw new SyntaxError(words.join(' '));
  }

  #next(...kinds: readonly Token['kind'][]): string {
    const token = this.#tokens[this.#at];
    if (!token || !kinds.includes(token.kind)) throw new SyntaxError(kinds.join(' or '));
    this.#at += 1;
    return token.text;
  }

  /** Unquoted names are lower case in what pg_dumpall writes. */
  name(): string {
    return this.#next('name', 'word');
  }

  word(): string {
    return this.#next('word').toUpperCase();
  }

  string(): string {
    return this.#next('string');
  }

  number(): number {
    const text = this.#next('word');
    if (!/^-?\d{1,10}$/.test(text)) throw new SyntaxError('number');
    return Number(text);
  }

  end(): void {
    if (!this.ended) throw new SyntaxError('end');
  }
}
