import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { networkTables } from './docs/network.ts';
import { reviewRules } from './docs/rules.ts';

// `npm run docs` writes the generated part of pages; with --check it only says which are stale.

const root = dirname(import.meta.dirname);

/** What stands between the two comments of a page. */
const generated: Readonly<Record<string, () => string>> = {
  'docs/how-to/network.md': networkTables,
  'docs/how-to/reviewing.md': reviewRules,
};

const part = /(<!-- begin: written by npm run docs -->\n)[^]*(<!-- end -->)/;

const stale = Object.entries(generated).filter(([page, content]) => {
  const path = join(root, page);
  const text = readFileSync(path, 'utf8');
  const fresh = text.replace(part, (_, begin: string, end: string) => `${begin}\n${content()}\n\n${end}`);
  if (fresh !== text && !process.argv.includes('--check')) writeFileSync(path, fresh);
  return fresh !== text;
});

if (stale.length && process.argv.includes('--check')) {
  const pages = stale.map(([page]) => `  ${page}`);
  process.stderr.write(['stale pages, run npm run docs and commit:', ...pages, ''].join('\n'));
  process.exitCode = 2;
}
