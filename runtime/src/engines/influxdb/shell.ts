/** Quoted for a POSIX shell. */
export const shell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
