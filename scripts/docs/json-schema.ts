import { z } from 'zod';

/** The part of JSON Schema that Zod writes for results. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly title?: string;
  /** Written by `meta`: the type of what is not described further. */
  readonly shape?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | false;
  readonly anyOf?: readonly JsonSchema[];
}

/** A field of a document. */
export interface DocumentField {
  /** `results[].restore.seconds`; empty for the document itself. */
  readonly path: string;
  readonly type: string;
  readonly optional: boolean;
  readonly meaning: string;
}

export const toJsonSchema = (schema: z.ZodType): JsonSchema =>
  z.toJSONSchema(schema, { unrepresentable: 'any', io: 'output' }) as JsonSchema;

const formats: Readonly<Record<string, string>> = { 'date-time': 'time' };

/** Type of a value in words: `integer`, `array of string`, `"passed", "failed"`. */
export const typeOf = (schema: JsonSchema): string => {
  if (schema.shape) return schema.shape;
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(', ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.items) return `array of ${typeOf(schema.items)}`;
  if (schema.additionalProperties) return `object of ${typeOf(schema.additionalProperties)}`;
  return formats[schema.format ?? ''] ?? [schema.type ?? 'any'].flat().join(' or ');
};

/** Fields inside a value, each before those inside it. */
export const fieldsIn = (schema: JsonSchema, path = ''): readonly DocumentField[] => {
  if (schema.shape) return [];
  if (schema.items) return fieldsIn(schema.items, `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const here = path ? `${path}.${name}` : name;
    const optional = !schema.required?.includes(name);
    return [
      { path: here, type: typeOf(field), optional, meaning: field.description ?? '' },
      ...fieldsIn(field, here),
    ];
  });
};
