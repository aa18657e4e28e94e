import { BackupError } from '../../core/errors.ts';
import { identifier, literal } from './client.ts';
import { Reader } from './sql-reader.ts';
import { statementsOf, type Token } from './sql-tokens.ts';

/** Of the session that would run the text; ours stays as it is. */
const isSession = ([first]: readonly Token[]): boolean =>
  first?.kind === 'word' && /^(SET|SELECT|\\(un)?restrict .*)$/.test(first.text);

const isKey = (statement: readonly Token[]): boolean => {
  try {
    const reader = new Reader(statement);
    const isComment = reader.is('COMMENT', 'ON', 'CONSTRAINT');
    if (!isComment) {
      reader.expect('ALTER', 'TABLE');
      reader.is('ONLY');
      reader.name();
      reader.expect('.');
      reader.name();
      reader.expect('ADD', 'CONSTRAINT');
    }
    reader.name();
    reader.expect(...(isComment ? ['ON'] : ['FOREIGN', 'KEY']));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};

/** Quoted anew, so that no setting of the session decides where a text ends. */
const sqlOf = ({ kind, text }: Token, doubled: boolean): string => {
  if (kind === 'name') return identifier(text);
  if (kind === 'string') return literal(doubled ? text.replaceAll('\\\\', '\\') : text);
  if (/^(\w+|[(),.])$/.test(text)) return text;
  throw new BackupError('restore.failed', 'the definition of a foreign key in the archive cannot be read');
};

/** Where the source had it off, pg_dump doubles the backslashes of its strings. */
const conformingOff = 'SET standard_conforming_strings = off';

/**
 * Statements that add foreign keys and comment on them, of the text that pg_restore prints for them, where names may hold line
 * ends and SQL. @throws BackupError restore.failed if the text has others
 */
export const keyStatementsOf = (sql: string): readonly string[] => {
  const statements = [...statementsOf(sql)];
  const doubled = statements.some((each) => each.map(({ text }) => text).join(' ') === conformingOff);
  return statements
    .filter((statement) => !isSession(statement))
    .map((statement) => {
      if (isKey(statement)) return statement.map((token) => sqlOf(token, doubled)).join(' ');
      throw new BackupError('restore.failed', 'the archive has something else where its foreign keys belong');
    });
};
