/** Generated parts of a page by name; each is asked for its text when the page is written. */
export type Parts = Readonly<Record<string, () => string>>;

const part = /(<!-- begin ([\w-]+): written by npm run docs -->\n)[^]*?(<!-- end -->)/g;

/**
 * Text of a page with its generated parts as they should be.
 * @throws Error where the page has not exactly these parts
 */
export const fillPage = (text: string, parts: Parts): string => {
  const found = [...text.matchAll(part)].map(([, , name = '']) => name);
  const wanted = Object.keys(parts);
  if (found.toSorted().join() !== wanted.toSorted().join())
    throw new Error(`found the generated parts ${found.join(', ')}, expected ${wanted.join(', ')}`);
  return text.replaceAll(
    part,
    (_, begin: string, name: string, end: string) => `${begin}\n${parts[name]?.()}\n\n${end}`,
  );
};
