import type { z } from 'zod';
import { errorDocumentSchema } from '../../runtime/src/cli/error-document.ts';
import type { NamedCommand } from './commands.ts';
import { fieldsIn, toJsonSchema, type DocumentField, type JsonSchema } from './json-schema.ts';
import { linked, table } from './markdown.ts';

const folder = 'docs/reference';

/** Pages that a meaning names become links. */
const meaningOf = (text: string): string =>
  linked(text.replaceAll('errors.md', 'docs/reference/errors.md'), folder).replaceAll(
    'runtime/FORMAT.md',
    '[FORMAT.md](../../runtime/FORMAT.md)',
  );

const row = ({ path, type, optional, meaning }: DocumentField): readonly string[] => [
  `\`${path}\``,
  optional ? `${type}; optional` : type,
  meaningOf(meaning),
];

/** @throws Error naming the fields without a meaning */
const fieldTable = (schema: JsonSchema): string => {
  const fields = fieldsIn(schema);
  const missing = fields.filter(({ meaning }) => meaning === '').map(({ path }) => path);
  if (missing.length) throw new Error(`fields of --json without a description: ${missing.join(', ')}`);
  return table(['field', 'type', 'meaning'], fields.map(row));
};

/** A document, or each of those that a command may print, under its title. */
const documentsOf = (schema: JsonSchema): readonly string[] =>
  schema.anyOf
    ? schema.anyOf.flatMap((each) => [`#### ${each.title}`, ...documentsOf(each)])
    : [`The document is ${schema.items ? 'an array' : 'an object'}:`, fieldTable(schema)];

const section = async ({ name, command }: NamedCommand): Promise<string> => {
  const schema: z.ZodType | undefined = await command.schema?.();
  if (!schema) return '';
  return [`### ${name}`, ...documentsOf(toJsonSchema(schema))].join('\n\n');
};

/** What each command prints with `--json`. */
export const resultDocuments = async (all: readonly NamedCommand[]): Promise<string> =>
  (await Promise.all(all.map(section))).filter(Boolean).join('\n\n');

/** What is printed where a command fails before it has a result. */
export const errorDocument = (): string => documentsOf(toJsonSchema(errorDocumentSchema)).join('\n\n');
