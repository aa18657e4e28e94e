import { z } from 'zod';
import { BackupError, messageOf, type FailureCode } from '../../core/errors.ts';

const reasonOf = (error: unknown): string =>
  error instanceof z.ZodError
    ? error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ')
    : messageOf(error);

/** Characters of a broken text that an error quotes: a server writes its errors where the data should be. */
const quotedCharacters = 200;

/** JSON text that must be what `schema` says. @throws BackupError */
export const parseJson = <Schema extends z.ZodType>(
  schema: Schema,
  text: string,
  what: string,
  failure: FailureCode,
): z.output<Schema> => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    const start = text.slice(0, quotedCharacters).trim();
    throw new BackupError(failure, `${what} is broken: ${reasonOf(error)}: ${start}`, { cause: error });
  }
};
