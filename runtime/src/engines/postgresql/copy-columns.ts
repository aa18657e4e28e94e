const name = String.raw`"(?:[^"]|"")+"|[^\s",.()]+`;
const copyPattern = new RegExp(
  String.raw`^COPY (?:${name})\.(?:${name}) +(?:\(((?:${name})(?:, (?:${name}))*)\) )?FROM stdin;\n$`,
);
const eachName = new RegExp(name, 'g');

const unquoted = (text: string): string =>
  text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;

/**
 * Columns that a COPY statement of pg_dump names, in its order, of which generated ones are none; undefined where it is no such
 * statement. Text and names are bytes as latin1, since a dump may have any encoding.
 */
export const columnsOf = (statement: string): readonly string[] | undefined => {
  const match = copyPattern.exec(statement);
  return match ? [...(match[1] ?? '').matchAll(eachName)].map(([text]) => unquoted(text)) : undefined;
};
