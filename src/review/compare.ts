import { isDeepStrictEqual } from 'node:util';
import { isList, isTree, type FieldChange, type Tree, type Value } from './change.ts';

type List = readonly Value[];

/** Fields that tell the elements of a list apart: of containers, mounts, alerts, keys of Secrets, statements. */
const identifying = ['name', 'mountPath', 'alert', 'id', 'secretKey', 'key', 'Sid'] as const;

/** Lists whose order is their meaning; in all others it is not. */
const ordered = /(^|\.)(command|args)$/;

const join = (path: string, key: string): string => (path ? `${path}.${key}` : key);

const textIn = (element: Value, field: string): string => {
  const value = isTree(element) ? element[field] : undefined;
  return typeof value === 'string' ? value : '';
};

const hasOwnOf = (list: List, field: string): boolean =>
  list.every((element) => isTree(element) && typeof element[field] === 'string') &&
  new Set(list.map((element) => textIn(element, field))).size === list.length;

const fieldThatIdentifies = (...lists: readonly List[]): string | undefined =>
  identifying.find((field) => lists.every((list) => hasOwnOf(list, field)));

const byField = (list: List, field: string): Tree =>
  Object.fromEntries(list.map((element) => [textIn(element, field), element]));

const trees = (path: string, before: Tree, after: Tree, at = join): readonly FieldChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
    difference(at(path, key), before[key], after[key]),
  );

const without = (list: List, others: List): List =>
  list.filter((element) => !others.some((other) => isDeepStrictEqual(element, other)));

/** What both have goes; what is left is paired in order where both have as many left. */
const bags = (path: string, before: List, after: List): readonly FieldChange[] => {
  const [gone, come] = [without(before, after), without(after, before)];
  if (gone.length === come.length && gone.every(isTree))
    return gone.flatMap((element, index) =>
      difference(`${path}[${before.indexOf(element)}]`, element, come[index]),
    );
  return [
    ...gone.map((element) => ({ path: `${path}[]`, before: element })),
    ...come.map((element) => ({ path: `${path}[]`, after: element })),
  ];
};

const lists = (path: string, before: List, after: List): readonly FieldChange[] => {
  if (ordered.test(path) || before.length === 0 || after.length === 0) return [{ path, before, after }];
  const field = fieldThatIdentifies(before, after);
  return field
    ? trees(path, byField(before, field), byField(after, field), (at, key) => `${at}[${key}]`)
    : bags(path, before, after);
};

/** What differs, as few and as deep as can be: a field that came or went is one change, whatever is in it. */
export const difference = (
  path: string,
  before: Value | undefined,
  after: Value | undefined,
): readonly FieldChange[] => {
  if (isDeepStrictEqual(before, after)) return [];
  if (isTree(before) && isTree(after)) return trees(path, before, after);
  if (isList(before) && isList(after)) return lists(path, before, after);
  return [{ path, before, after }];
};

const elements = (path: string, list: List): readonly (readonly [string, Value])[] => {
  const field = fieldThatIdentifies(list);
  return list.map((element) => [`${path}[${field ? textIn(element, field) : ''}]`, element]);
};

const inside = (path: string, value: Value | undefined): readonly (readonly [string, Value])[] => {
  if (isList(value)) return elements(path, value);
  return isTree(value) ? Object.entries(value).map(([key, field]) => [join(path, key), field] as const) : [];
};

/** Everything below a field that came or went, as changes of their own. */
export const partsOf = ({ path, before, after }: FieldChange): readonly FieldChange[] => [
  ...inside(path, before).flatMap(([at, value]) => {
    const part = { path: at, before: value };
    return [part, ...partsOf(part)];
  }),
  ...inside(path, after).flatMap(([at, value]) => {
    const part = { path: at, after: value };
    return [part, ...partsOf(part)];
  }),
];

/** True for what holds nothing further. */
export const isLeaf = ({ path, before, after }: FieldChange): boolean =>
  inside(path, before).length + inside(path, after).length === 0;
