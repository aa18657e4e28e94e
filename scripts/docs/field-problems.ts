import type { Field } from './fields.ts';

/** True for an object that stands for its own fields when it is left out, as `z.object(…).prefault({})`. */
const isFilledIn = ({ value }: Field): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

/** A default as a doc comment names it; undefined for one that takes words. */
export const defaultText = (value: unknown): string | undefined => {
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  const isPlainList = Array.isArray(value) && value.every((entry) => typeof entry !== 'object');
  if (!isPlainList) return undefined;
  return value.length ? value.join(', ') : 'none';
};

/** What the reference cannot tell of a field, because nobody has written it down, or not as it is. */
export const problemsOf = (field: Field): readonly string[] => {
  const { path, optional, value, doc, leaf } = field;
  const text = defaultText(value);
  const expectsDefault = optional && (leaf || !isFilledIn(field));
  return [
    ...(doc.text ? [] : [`${path} has no doc comment`]),
    ...(expectsDefault && !doc.standard?.why ? [`${path} has no "@default value - why"`] : []),
    ...(text !== undefined && doc.standard?.value && doc.standard.value !== text
      ? [`${path} has the default ${text}, but its doc comment says ${doc.standard.value}`]
      : []),
  ];
};
