import type { z } from 'zod';
import { mustExist } from '../../runtime/src/core/must-exist.ts';

/** What zod keeps of a schema, as far as the reference tells of it. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly defaultValue?: unknown;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly format?: string;
  readonly protocol?: RegExp;
  readonly error?: Check['error'];
  readonly checks?: readonly { readonly _zod: { readonly def: Check } }[];
}

interface Check {
  readonly check: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly error?: (issue: unknown) => string | { message?: string } | undefined;
}

export const definitionOf = (schema: z.ZodType): Definition => schema._zod.def as unknown as Definition;

/** A schema without what says that it may be left out. */
export interface Bare {
  readonly schema: z.ZodType;
  /** True: the field may be left out. */
  readonly optional: boolean;
  /** What stands in its place then. */
  readonly value?: unknown;
}

/** `z.int().default(3)` → `z.int()`, 3. */
export const bare = (schema: z.ZodType): Bare => {
  const { type, innerType, defaultValue, in: input } = definitionOf(schema);
  if (type === 'pipe') return bare(mustExist(input, 'input of a pipe'));
  const inner = innerType && bare(innerType);
  if (type === 'default' || type === 'prefault')
    return { schema: inner?.schema ?? schema, optional: true, value: defaultValue };
  return type === 'optional' && inner ? { ...inner, optional: true } : { schema, optional: false };
};

/** What the error of a schema or check says is allowed, without `expected`. */
const allowedBy = ({ error }: Pick<Definition, 'error'>): readonly string[] => {
  const found = error?.({});
  const text = typeof found === 'string' ? found : found?.message;
  return text ? [text.replace(/^expected /, '')] : [];
};

const allowed = ({ checks = [] }: Definition): readonly string[] =>
  checks.flatMap(({ _zod: { def } }) => allowedBy(def));

const isWhole = ({ format }: Definition): boolean => format === 'safeint';

/** Limits of a number; those of a safe integer are none. */
const limits = ({ checks = [] }: Definition): readonly string[] =>
  checks.flatMap(({ _zod: { def } }) => {
    if (typeof def.value !== 'number' || Math.abs(def.value) === Number.MAX_SAFE_INTEGER) return [];
    if (def.check === 'greater_than') return [`${def.inclusive ? 'at least' : 'more than'} ${def.value}`];
    return [`${def.inclusive ? 'at most' : 'less than'} ${def.value}`];
  });

/** What a schema takes, in words of Markdown; `known` has the words of those that have a name. */
export const typeWords = (schema: z.ZodType, known: ReadonlyMap<z.ZodType, string>): string => {
  const { schema: inner } = bare(schema);
  const words = known.get(schema) ?? known.get(inner);
  if (words) return words;
  const definition = definitionOf(inner);
  const { type, entries, values, element, options = [], protocol } = definition;
  switch (type) {
    case 'string':
      return [...(protocol ? ['URL'] : []), ...allowed(definition)].join('; ') || 'text';
    case 'number':
      return [isWhole(definition) ? 'whole number' : 'number', ...limits(definition)].join(', ');
    case 'boolean':
      return '`true` or `false`';
    case 'enum':
      return Object.values(entries ?? {})
        .map((value) => `\`${value}\``)
        .join(', ');
    case 'literal':
      return (values ?? []).map((value) => `\`${String(value)}\``).join(', ');
    case 'array':
      return `list of: ${typeWords(mustExist(element, 'element of a list'), known)}`;
    case 'record':
      return 'map of text';
    case 'union':
      return (
        allowedBy(definition)[0] ??
        [...new Set(options.map((option) => typeWords(option, known)))].join(', or ')
      );
    case 'object':
      return 'object';
    default:
      throw new Error(`no words for a schema of type ${type}`);
  }
};
