import { BackupError } from '../../../core/errors.ts';
import { itemOf, tableOf } from '../items.ts';
import type { Change, Kind } from './describe.ts';

/** What a search goes by. */
export interface Wanted {
  /** @default all */
  readonly kinds?: readonly Kind[];
  /** `users`, or `public.users` */
  readonly relation?: string;
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const reference = String.raw`(?<relation>${name}(?:\s*\.\s*${name})?)`;

const statements: readonly (readonly [string, readonly Kind[]])[] = [
  [String.raw`drop\s+database(?:\s+if\s+exists)?`, ['drop database']],
  [String.raw`drop\s+schema(?:\s+if\s+exists)?`, ['drop']],
  [
    String.raw`drop\s+(?:(?:materialized\s+view|foreign\s+table|table|view|sequence|index)(?:\s+concurrently)?(?:\s+if\s+exists)?)?`,
    ['drop'],
  ],
  [String.raw`truncate(?:\s+table)?(?:\s+only)?`, ['truncate']],
  [String.raw`delete(?:\s+from)?(?:\s+only)?`, ['delete']],
  [String.raw`update(?:\s+only)?`, ['update']],
  [String.raw`(?:insert(?:\s+into)?|copy)`, ['insert']],
  [
    String.raw`(?:alter\s+table(?:\s+if\s+exists)?(?:\s+only)?|alter|vacuum(?:\s*\(?\s*full\s*\)?)?|cluster)`,
    ['alter'],
  ],
  [
    String.raw`create(?:\s+unlogged)?(?:\s+(?:table|materialized\s+view|sequence))?(?:\s+if\s+not\s+exists)?`,
    ['create'],
  ],
];

/** Names without quotes are in lower case, as PostgreSQL takes them. */
const relationIn = (text: string): string => {
  const parts = [...text.matchAll(new RegExp(name, 'gu'))].map(([part]) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.toLowerCase(),
  );
  const [first = '', second] = parts;
  return second === undefined ? first : itemOf({ schema: first, name: second });
};

/** What the beginning of a statement asks for. @throws BackupError usage.invalid */
export const parseStatement = (text: string): Wanted => {
  for (const [pattern, kinds] of statements) {
    const match = new RegExp(`^\\s*${pattern}(?:\\s+${reference})?(?![\\p{L}\\p{N}_$"])`, 'iu').exec(text);
    if (!match) continue;
    const relation = match.groups?.['relation'];
    // a schema is no relation, and neither is a database
    const isNamed = relation !== undefined && !/^\s*drop\s+(schema|database)/i.test(text);
    return { kinds, ...(isNamed && { relation: relationIn(relation) }) };
  }
  throw new BackupError(
    'usage.invalid',
    `${JSON.stringify(text)} does not begin like a statement that the log can show: DROP, TRUNCATE, DELETE, UPDATE, INSERT, ALTER, CREATE`,
  );
};

const isRelation = (wanted: string, { relation, isNamed }: Change): boolean =>
  !isNamed || relation === wanted || tableOf(relation ?? '').name === wanted;

/** Whether a change may be what was asked for: one whose relation nobody can name may be any. */
export const isWanted = ({ kinds, relation }: Wanted, change: Change): boolean =>
  (!kinds || change.kinds.some((kind) => kinds.includes(kind))) &&
  (relation === undefined || isRelation(relation, change));
