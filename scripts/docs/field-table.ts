import { defaultText } from './field-problems.ts';
import type { Field } from './fields.ts';
import { linked, table } from './markdown.ts';

const defaultCell = ({ optional, value, doc: { standard } }: Field): string => {
  if (!optional) return '**required**';
  const text = defaultText(value);
  return text === undefined || text === 'none' ? (standard?.value ?? '') : `\`${text}\``;
};

/** A row per field: path, type, default, meaning, and why the default is what it is. */
export const fieldTable = (fields: readonly Field[], folder: string): string =>
  table(
    ['field', 'type', 'default', 'meaning', 'why this default'],
    fields.map((field) => [
      `\`${field.path}\``,
      field.type,
      linked(defaultCell(field), folder),
      linked(field.doc.text, folder),
      field.optional ? linked(field.doc.standard?.why ?? '', folder) : '',
    ]),
  );
