import { printableLine } from './printable.ts';

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A byte as printf of POSIX reads it in a format. */
const octal = (byte: number): string => `\\${byte.toString(8).padStart(3, '0')}`;

const escaped = (character: string): string => {
  if (character === '\\' || character === '%') return character.repeat(2);
  return printableLine(character) === character ? character : [...Buffer.from(character)].map(octal).join('');
};

/**
 * One word for a POSIX shell, of printable characters on one line, so that it can be shown and pasted. A line feed at the very
 * end is lost where there are others to escape: `$(…)` drops it.
 */
export const shell = (text: string): string =>
  printableLine(text) === text ? quoted(text) : `"$(printf ${quoted([...text].map(escaped).join(''))})"`;
