/** Names that a text quotes before the rest is only counted. */
const quoted = 10;

/** A name as a line of text can hold it. */
export const shown = (name: string): string =>
  /^[\p{L}\p{N} ._/:-]+$/u.test(name) ? name : JSON.stringify(name);

/** `a, b; and 3 more` */
export const shownList = (names: readonly string[]): string => {
  const more = names.length - quoted;
  return `${names.slice(0, quoted).map(shown).join(', ')}${more > 0 ? `; and ${more} more` : ''}`;
};
