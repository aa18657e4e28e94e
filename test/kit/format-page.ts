import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const page = readFileSync(join(import.meta.dirname, '../../runtime/FORMAT.md'), 'utf8');

const section = (title: string): string => new RegExp(`^## ${title}\n(.*?)^##`, 'ms').exec(page)?.[1] ?? '';

/** Reads a day that exists as itself only: Date rolls over what does not. */
const isTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text) &&
  !Number.isNaN(Date.parse(text)) &&
  new Date(text).toISOString() === text;

const isPath = (text: string): boolean =>
  !/[\u0000-\u001f"\\]/.test(text) && text.split('/').every((part) => !['', '.', '..'].includes(part));

const text = z.string();
const isSeconds = (value: number): boolean => value === 0 || (value >= 1e-6 && value < 1e9);

/** What the page says below the table of the words in its column "holds". */
const kinds: Readonly<Record<string, z.ZodType>> = {
  text,
  count: z.int().min(0),
  integer: z.int(),
  'integer or text': z.union([z.int(), text]),
  time: text.refine(isTime),
  name: text.regex(/^[a-z0-9-]+$/),
  path: text.refine(isPath),
  duration: z.number().refine(isSeconds),
  'true or false': z.boolean(),
};

/** One of values in backticks, a number, or bytes in hex. */
const literalKind = (words: string): z.ZodType => {
  const bytes = /^(\d+) bytes$/.exec(words)?.[1];
  if (bytes !== undefined) return text.regex(new RegExp(`^[0-9a-f]{${2 * Number(bytes)}}$`));
  if (/^\d+$/.test(words)) return z.literal(Number(words));
  const values = [...words.matchAll(/`([^`]+)`/g)].map(([, value = '']) => value);
  if (values.length === 0) throw new Error(`FORMAT.md does not say what "${words}" is`);
  return z.enum(values);
};

const kindOf = (words: string): z.ZodType =>
  words.startsWith('null or ')
    ? kindOf(words.slice('null or '.length)).nullable()
    : (kinds[words] ?? literalKind(words));

interface Field {
  /** `encryption`, `salt`; `[]` and `*` are steps of their own. */
  readonly path: readonly string[];
  /** As the column says: `8 bytes`. */
  readonly holds: string;
}

const fieldsOf = (row: string): readonly Field[] => {
  const [, names = '', holds = ''] = row.split(' | ').map((cell) => cell.replace(/^\| |\|$/g, '').trim());
  return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({
    path: name.replaceAll('[]', '.[]').split('.'),
    holds,
  }));
};

const rowsOf = (title: string): readonly Field[] =>
  section(title)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((row) => fieldsOf(`| ${row}`));

/** A record as z.record, which leaves out `__proto__`. */
const valuesOf = (inner: z.ZodType): z.ZodType =>
  z.custom(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((each) => inner.safeParse(each).success),
  );

const inside = (fields: readonly Field[], name: string): readonly Field[] =>
  fields
    .filter(({ path: [first] }) => first === name)
    .map(({ path, holds }) => ({ path: path.slice(1), holds }));

/** Schema of what the fields describe, all of which begin at one place. */
const schemaOf = (fields: readonly Field[]): z.ZodType => {
  const own = fields.find(({ path }) => path.length === 0)?.holds.split(', ') ?? [];
  const deeper = fields.filter(({ path }) => path.length > 0);
  const [words = ''] = own;
  if (deeper.length === 0) return own.includes('or absent') ? kindOf(words).optional() : kindOf(words);
  const names = [...new Set(deeper.map(({ path: [first = ''] }) => first))];
  if (names[0] === '*') return valuesOf(schemaOf(inside(deeper, '*')));
  if (names[0] === '[]') {
    const least = deeper.some(({ path, holds }) => path.length === 1 && holds.endsWith(', at least one'));
    return z.array(schemaOf(inside(deeper, '[]'))).min(least ? 1 : 0);
  }
  const object = z.strictObject(
    Object.fromEntries(names.map((name) => [name, schemaOf(inside(deeper, name))])),
  );
  return words === 'null or object' ? object.nullable() : object;
};

const first = rowsOf('Manifest');
const added = rowsOf('Parts');
const isAdded = ({ path: [name] }: Field): boolean => added.some(({ path }) => path[0] === name);

/** A strict reader of manifests, made of nothing but the page's tables. */
export const manifestByPage = z.union([
  schemaOf(first),
  schemaOf([...first.filter((field) => !isAdded(field)), ...added]),
]);

const places: Readonly<Record<string, string>> = {
  '<target>': '[a-z0-9-]+',
  '<YYYYMMDD>': String.raw`\d{8}`,
  '<HHMMSS>': String.raw`\d{6}`,
  '<keyId>': '[a-z0-9-]+',
};

const patternOf = (name: string): RegExp =>
  new RegExp(
    `^${name.replaceAll('.', String.raw`\.`).replaceAll(/<\w+>/g, (place) => places[place] ?? '.+')}$`,
  );

/** Patterns of the keys that the page says an archive can have. */
export const archiveNamesByPage: readonly RegExp[] = section('Names')
  .split('\n')
  .filter((line) => /^<target>\/.*\.tar\./.test(line))
  .map((line) => patternOf(line.split(' ', 1)[0] ?? ''));
