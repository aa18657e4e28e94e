/** A token of SQL: a word, number or sign as written, a quoted name, or a string, both without their quotes. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string';
  readonly text: string;
}

const word = (text: string): Token => ({ kind: 'word', text });
const string = (text: string): Token => ({ kind: 'string', text });

/** A doubled backslash is the one escape that pg_dumpall writes; a string with another one is none that anybody takes. */
const escaped = (text: string): Token =>
  /^(?:[^\\]|\\\\)*$/.test(text) ? string(text.replaceAll(/(')'|(\\)\\/g, '$1$2')) : word("E'");

const letter = String.raw`[A-Za-z_\u0080-\u{10ffff}]`;
const following = String.raw`[\w\u0080-\u{10ffff}]`;
const sticky = (pattern: string): RegExp => new RegExp(pattern, 'yu');

/** Each ends where the server's own scanner ends it; what is not closed takes the rest of the text. */
const patterns: readonly (readonly [RegExp, (match: readonly string[]) => Token | undefined])[] = [
  [sticky(String.raw`\s+|--[^\n\r]*`), () => undefined],
  [sticky(String.raw`[eE]'((?:[^'\\]|\\[^]|'')*)'`), ([, text = '']) => escaped(text)],
  [sticky("'([^']*(?:''[^']*)*)'"), ([, text = '']) => string(text.replaceAll("''", "'"))],
  [
    sticky('"([^"]+(?:""[^"]*)*|(?:""[^"]*)+)"'),
    ([, text = '']) => ({ kind: 'name', text: text.replaceAll('""', '"') }),
  ],
  [sticky(String.raw`\$((?:${letter}${following}*)?)\$([^]*?)\$\1\$`), ([, , text = '']) => string(text)],
  [sticky(String.raw`(?:[eE]?'|"|\$(?:${letter}${following}*)?\$)[^]*`), () => word("'")],
  [sticky(String.raw`${letter}(?:${following}|\$)*|-?\d+|[^]`), ([text = '']) => word(text)],
];

/** The pattern that matches at a place; the last one matches everywhere. */
const scan = (sql: string, at: number): readonly [RegExpExecArray, (typeof patterns)[number][1]] => {
  for (const [pattern, tokenOf] of patterns) {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match) return [match, tokenOf];
  }
  throw new RangeError('no text is left');
};

/** Comments may hold comments. */
const commentEnd = (sql: string, start: number): number => {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return sql.length;
};

const lineEnd = (sql: string, start: number): number => {
  const end = sql.indexOf('\n', start);
  return end === -1 ? sql.length : end;
};

/**
 * Statements of SQL as tokens, without their semicolons. A backslash command of psql is a statement of one word, to the end of
 * its line.
 */
export function* statementsOf(sql: string): Generator<readonly Token[], void, undefined> {
  let statement: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    if (sql.startsWith('/*', at)) at = commentEnd(sql, at);
    else if (sql[at] === '\\' && statement.length === 0) {
      const end = lineEnd(sql, at);
      yield [word(sql.slice(at, end))];
      at = end;
    } else if (sql[at] === ';') {
      yield statement;
      [statement, at] = [[], at + 1];
    } else {
      const [match, tokenOf] = scan(sql, at);
      const token = tokenOf(match);
      if (token) statement.push(token);
      at += match[0].length;
    }
  }
  if (statement.length > 0) yield statement;
}
