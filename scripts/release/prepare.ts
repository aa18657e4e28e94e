import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { release } from './changelog.ts';
import { places, withVersion } from './versions.ts';

// `npm run release -- 0.3.0` writes a version where it is named, and dates what is unreleased: docs/how-to/releasing.md.

const root = dirname(dirname(import.meta.dirname));
const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error('usage: npm run release -- <major>.<minor>.<patch>');

const edit = (file: string, change: (text: string) => string): void => {
  const path = join(root, file);
  writeFileSync(path, change(readFileSync(path, 'utf8')));
};

edit('CHANGELOG.md', (text) => release(text, version, new Date().toISOString().slice(0, 10)));
for (const place of places) edit(place.file, (text) => withVersion(text, place, version));
