/** Names and values in one line, for people: `rows 7, bytes 120`. */
export const namedValues = (values: Readonly<Record<string, string | number | boolean>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
