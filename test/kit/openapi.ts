import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';

/** What of a JSON schema the parameters and bodies of our API have. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

type Content = Readonly<Record<string, { readonly schema: Schema }>>;

/** One request that the document describes. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body?: Schema | undefined;
  /** By status. */
  readonly responses: Readonly<Record<string, { readonly content: Content }>>;
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Operation['responses'];
}

export const operationsOf = ({ paths }: Document): readonly Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody, responses }]) => ({
      method: method.toUpperCase(),
      path,
      parameters,
      body: requestBody?.content['application/json']?.schema,
      responses,
    })),
  );

const escaped = (text: string): string => text.replaceAll('~', '~0').replaceAll('/', '~1');

/** @param coerceTypes whether text may stand for a number, as in a query. @default no */
const compiled = (schema: object, coerceTypes = false) => {
  const ajv = new Ajv2020({ strict: false, coerceTypes });
  addFormats.default(ajv);
  return (document: unknown): boolean => ajv.validate(schema, document);
};

/** Says what an answer's document has that its schema does not allow; empty where it conforms. */
export const answerChecker = (document: Document) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'api');
  return ({ method, path }: Operation, status: number, type: string, content: unknown): readonly string[] => {
    const steps = [
      'paths',
      path,
      method.toLowerCase(),
      'responses',
      String(status),
      'content',
      type,
      'schema',
    ];
    const validate = ajv.getSchema(`api#/${steps.map(escaped).map(encodeURIComponent).join('/')}`);
    if (!validate) return [`${method} ${path} documents no ${status} of ${type}`];
    return validate(content) ? [] : ajv.errorsText(validate.errors).split(', ');
  };
};

const text = ({ pattern, format, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> => {
  if (format === 'date-time')
    return fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true }).map((date) => date.toISOString());
  const size = { minLength, maxLength: Math.min(maxLength, 60) };
  if (pattern === undefined) return fc.string({ unit: 'grapheme', ...size });
  return fc.stringMatching(new RegExp(pattern)).filter(({ length }) => length <= maxLength);
}; // prettier-ignore

/** Values that a schema allows. */
export const valid = (schema: Schema): fc.Arbitrary<unknown> => {
  const { type, minimum = 0, maximum = 1e9, maxItems = 5, items = {}, properties = {}, required = [] } = schema;
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (type === 'integer') return fc.integer({ min: minimum, max: maximum });
  if (type === 'array') return fc.array(valid(items), { maxLength: Math.min(maxItems, 5) });
  if (type === 'object')
    return fc.record(Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, valid(each)])), {
      requiredKeys: [...required],
    });
  return text(schema);
}; // prettier-ignore

const odd = fc.constantFrom('', ' ', '-1', '1.5', 'NaN', '1e99', '../x', 'Ä', '\u0000', 'x'.repeat(400), 'null', '[]'); // prettier-ignore

const anything = fc.anything({ maxDepth: 2 }).filter((value) => value !== undefined);

/** Text that a schema of a parameter does not allow. */
export const invalidText = (schema: Schema): fc.Arbitrary<string> => {
  const validate = compiled({ type: 'object', properties: { value: schema } }, true);
  return fc
    .oneof(odd, fc.string({ unit: 'binary', maxLength: 30 }))
    .map(String)
    .filter((value) => !validate({ value }));
};

/** Documents that a schema of a body allows, whatever words it has. */
export const validBody = (schema: Schema): fc.Arbitrary<unknown> => valid(schema).filter(compiled(schema));

/** Documents that a schema of a body does not allow. */
export const invalidBody = (schema: Schema): fc.Arbitrary<unknown> => {
  const validate = compiled(schema);
  const broken = fc
    .tuple(valid(schema), fc.constantFrom('extra', ...Object.keys(schema.properties ?? {})), anything)
    .map(([document, name, value]) => ({ ...(document as object), [name]: value }));
  return fc.oneof(anything, broken).filter((document) => !validate(JSON.parse(JSON.stringify(document))));
};
