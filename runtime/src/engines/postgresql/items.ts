import type { Fingerprint } from '../engine.ts';
import { identifier } from './client.ts';

export interface Table {
  readonly schema: string;
  readonly name: string;
}

/** Item that counts large objects; a dot would make it a table. */
export const largeObjects = 'large objects';

/** Quoted where it could be taken for more than one name. */
const part = (name: string): string => (/^"|\./.test(name) ? identifier(name) : name);

/** Item of a fingerprint that stands for a table: `public.users`, `"a.b".c`. */
export const itemOf = ({ schema, name }: Table): string => `${part(schema)}.${part(name)}`;

/** A name without the quotes of SQL. */
export const unquoted = (text: string): string =>
  /^"(?:[^"]|"")+"$/.test(text) ? text.slice(1, -1).replaceAll('""', '"') : text;

/** The table that an item stands for; earlier versions quoted none, which their first dot divides. */
export const tableOf = (item: string): Table => {
  const [, schema = '', name = ''] = /^("(?:[^"]|"")+"|[^.]*)\.([^]*)$/.exec(item) ?? [];
  return { schema: unquoted(schema), name: unquoted(name) };
};

const earlier = (item: string): string => {
  const { schema, name } = tableOf(item);
  return `${schema}.${name}`;
};

/** As `items` name it: those of archives of earlier versions have no quotes. */
const asIn = (items: Fingerprint, item: string): string => (items[item] === undefined ? earlier(item) : item);

/** Whether `only`, items of the archive, names a table. */
export const isAmong = (only: readonly string[], table: Table): boolean =>
  only.includes(itemOf(table)) || only.includes(earlier(itemOf(table)));

/** What was counted, with the names that `expected` has for it. */
export const named = (expected: Fingerprint, counted: Fingerprint): Fingerprint =>
  Object.fromEntries(
    Object.entries(counted).map(([item, measures]) => {
      const name = asIn(expected, item);
      return [expected[name] === undefined ? item : name, measures];
    }),
  );
