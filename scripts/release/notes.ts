import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { sectionOf } from './changelog.ts';

// `npm run release:notes -- 0.3.0 <image>` prints the text of a release.

const [version = '', image = ''] = process.argv.slice(2);
const changelog = readFileSync(join(dirname(dirname(import.meta.dirname)), 'CHANGELOG.md'), 'utf8');
process.stdout.write(`Job image: \`${image}\`\n\n${sectionOf(changelog, version)}\n`);
