/** Bounds of a JSON document: as text it may be small and as values ten times as large. */
const most = {
  /** Containers within containers; a manifest has 4. */
  depth: 32,
  containers: 250_000,
  /** Fields of objects: two per table of a database. */
  fields: 600_000,
  /** A manifest of 3 TB has 800,000 segments. */
  items: 1_200_000,
  /** Of one text. */
  textBytes: (1 << 20) - 1,
  /** Of one key, as it is written; names of databases have 255, of which each may be an escape. */
  keyBytes: 4096,
} as const;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where a string that begins at `start` ends: at its closing quote, or at the end of the text. */
const endOfString = (text: Buffer, start: number): number => {
  for (let at = text.indexOf(quote, start + 1); at >= 0; at = text.indexOf(quote, at + 1)) {
    let escapes = 0;
    while (text[at - 1 - escapes] === backslash) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return text.length;
};

/** Why a text is too much to be parsed as JSON; undefined where it may be tried. Costs no memory. */
export const jsonProblem = (text: Buffer): string | undefined => {
  let [depth, containers, fields, items] = [0, 0, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const byte = text[at];
    if (byte === quote) {
      const end = endOfString(text, at);
      const bytes = end - at - 1;
      if (bytes > most.textBytes) return `JSON with a string of more than ${most.textBytes} bytes`;
      if (text[end + 1] === colon && bytes > most.keyBytes)
        return `JSON with a key of more than ${most.keyBytes} bytes`;
      at = end;
    } else if (byte === comma) items++;
    else if (byte === colon) fields++;
    else if (byte === closeList || byte === closeObject) depth--;
    else if (byte === openList || byte === openObject) {
      containers++;
      depth++;
    }
    if (depth > most.depth) return `JSON deeper than ${most.depth}`;
    if (containers > most.containers || fields > most.fields || items > most.items)
      return 'JSON with more values than this program writes';
  }
  return undefined;
};
