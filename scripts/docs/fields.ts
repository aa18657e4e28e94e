import ts from 'typescript';
import type { z } from 'zod';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { Doc } from './doc-comment.ts';
import { bare, definitionOf, typeWords } from './schema.ts';
import type { Source } from './source.ts';

/** A field of a schema, for a row of a table. */
export interface Field {
  /** `targets[].retention.days` */
  readonly path: string;
  /** What it takes, in words of Markdown. */
  readonly type: string;
  readonly optional: boolean;
  /** Default of the schema; undefined for one that only the doc comment tells. */
  readonly value?: unknown;
  readonly doc: Doc;
  /** False for an object whose fields follow. */
  readonly leaf: boolean;
}

/** Where docs of fields come from, and the words of schemas that have a name or a section of their own. */
export interface Sources {
  readonly source: Source;
  readonly known: ReadonlyMap<z.ZodType, string>;
}

type Schemas = readonly z.ZodType[];

const bareAll = (schemas: Schemas): Schemas => schemas.map((schema) => bare(schema).schema);

/** Options of unions, elements of lists. */
const objectsIn = (schemas: Schemas): Schemas =>
  bareAll(schemas).flatMap((schema) => {
    const { type, options = [], element } = definitionOf(schema);
    if (type === 'union') return objectsIn(options);
    if (type === 'array') return objectsIn(element ? [element] : []);
    return type === 'object' ? [schema] : [];
  });

const objectTypes = (type: ts.Type, checker: ts.TypeChecker): readonly ts.Type[] => {
  const parts = type.isUnion() ? type.types : [type];
  return parts.flatMap((part) => {
    if (checker.isArrayType(part))
      return checker.getTypeArguments(part as ts.TypeReference).flatMap((each) => objectTypes(each, checker));
    return part.flags & ts.TypeFlags.Object ? [part] : [];
  });
};

/** Property of that name in any of the types. */
const propertyOf = (types: readonly ts.Type[], name: string): ts.Symbol | undefined =>
  types.map((type) => type.getProperty(name)).find(Boolean);

const unique = (words: readonly string[]): string => [...new Set(words)].join(', or ');

/** Where the type has any keys, such as the roles of a Secret, the property that holds them tells of each. */
const docOfKey = (name: string, { standard }: Doc): Doc =>
  standard ? { text: `Key with the ${name}.`, standard: { value: '', why: standard.why } } : { text: '' };

/** Fields of objects, each of which is one of `schemas`, at any depth. */
export const fieldsOf = (
  sources: Sources,
  schemas: Schemas,
  types: readonly ts.Type[],
  path = '',
  parent: Doc = { text: '' },
): readonly Field[] => {
  const shapes = objectsIn(schemas).map((schema) => definitionOf(schema).shape ?? {});
  const names = [...new Set(shapes.flatMap(Object.keys))];
  return names.flatMap((name) => {
    const found = shapes.flatMap((shape) => shape[name] ?? []);
    const symbol = propertyOf(types, name);
    return fieldOf(sources, found, symbol, `${path}${path && '.'}${name}`, docOfKey(name, parent));
  });
};

const isKnown = (schema: z.ZodType, { known }: Sources): boolean =>
  known.has(schema) || known.has(bare(schema).schema);

/** The field itself, and those below it. */
const fieldOf = (
  sources: Sources,
  schemas: Schemas,
  symbol: ts.Symbol | undefined,
  path: string,
  otherwise: Doc,
): readonly Field[] => {
  const { known, source } = sources;
  const { checker } = source;
  const first = mustExist(schemas.map(bare)[0], `schema of ${path}`);
  const leaf = schemas.some((schema) => isKnown(schema, sources)) || !objectsIn(schemas).length;
  const doc = symbol ? source.docOf(symbol, !leaf) : otherwise;
  const type = unique(schemas.map((schema) => typeWords(schema, known)));
  const row = { path, type, optional: first.optional, value: first.value, doc, leaf };
  if (leaf) return [row];
  const types = symbol
    ? objectTypes(checker.getNonNullableType(checker.getTypeOfSymbol(symbol)), checker)
    : [];
  const isList = definitionOf(first.schema).type === 'array';
  return [row, ...fieldsOf(sources, schemas, types, isList ? `${path}[]` : path, doc)];
};
