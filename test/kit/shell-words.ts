/** Words of a command line, as a shell splits it: single quotes keep one together. */
export const shellWords = (line: string): readonly string[] =>
  (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replace(/^'(.*)'$/, '$1'));
