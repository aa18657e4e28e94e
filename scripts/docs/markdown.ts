import { posix } from 'node:path';

/** A cell of a table: on one line, without what would end the cell. */
const cell = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').replaceAll(/(?<!\\)\|/g, '\\|');

/** A table of Markdown. */
export const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [headings, headings.map(() => '---'), ...rows.map((row) => row.map(cell))]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');

/** Paths such as docs/how-to/secrets.md become links, seen from a page in the folder `from`, such as docs/reference. */
export const linked = (text: string, from: string): string =>
  text.replaceAll(/\bdocs\/([\w-]+\/)*([\w-]+)\.md(#[\w-]+)?/g, (path, _folder, name: string) => {
    const title = name.replaceAll('-', ' ');
    return `[${title}](${posix.relative(from, path)})`;
  });
