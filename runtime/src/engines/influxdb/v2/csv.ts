/** Rows of a CSV stream (RFC 4180), an empty line as a row of one empty field; fields hold anything, newlines too. */
export async function* csvRows(content: AsyncIterable<Buffer>): AsyncGenerator<string[], void, undefined> {
  const decoder = new TextDecoder();
  let [row, field]: [string[], string] = [[], ''];
  // `closed` is behind a quote that ends a field, unless another one follows
  let state: 'plain' | 'quoted' | 'closed' = 'plain';
  for await (const chunk of content)
    for (const character of decoder.decode(chunk, { stream: true }))
      if (state === 'quoted') {
        if (character === '"') state = 'closed';
        else field += character;
      } else if (character === '"') {
        if (state === 'closed') field += character;
        state = 'quoted';
      } else if (character === ',' || character === '\n') {
        row.push(field);
        [field, state] = ['', 'plain'];
        if (character === '\n') {
          yield row;
          row = [];
        }
      } else if (character !== '\r') field += character;
  if (row.length > 0 || field !== '') yield [...row, field];
}

/** Rows of annotated-free CSV of Flux as objects; a table begins with its header, behind an empty line. */
export async function* records(
  content: AsyncIterable<Buffer>,
): AsyncGenerator<Readonly<Record<string, string>>, void, undefined> {
  let header: readonly string[] | undefined;
  for await (const row of csvRows(content))
    if (row.length === 1) header = undefined;
    else if (header === undefined) header = row;
    else yield Object.fromEntries(header.map((name, index) => [name, row[index] ?? '']));
}
