import type { Construct } from 'constructs';
import type { z } from 'zod';
import { parseOrProblems } from '../../runtime/src/plan/problems.ts';

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** What a construct takes: fields with a default may be left out; each is documented at its schema. */
export type Props<Schema extends z.ZodType> = DeepReadonly<z.input<Schema>>;

const known = new WeakSet<object>();

/** Marks what a schema has made, so that the constructs that get it do not check it again. */
export const markChecked = <Checked extends object>(props: Checked): Checked => {
  known.add(props);
  return props;
};

/**
 * Checks the props of a construct and fills in their defaults, unless that was done.
 * @returns undefined where they are not valid: synthesis then fails with a line per problem under the construct's
 *   path, `[live/storage] storage.size: found "5 GB", expected a quantity such as 512Mi or 10Gi`.
 */
export const checked = <Schema extends z.ZodType>(
  construct: Construct,
  schema: Schema,
  props: unknown,
): z.output<Schema> | undefined => {
  if (typeof props === 'object' && props !== null && known.has(props)) return props as z.output<Schema>;
  const { data, problems } = parseOrProblems(schema, props);
  construct.node.addValidation({ validate: () => [...problems] });
  return data;
};
