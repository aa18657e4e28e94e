import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { environmentFiles } from '../../src/environment/environment.ts';
import { withImage } from './image.ts';

// `npm run set-image -- 0.3.0 sha256:…` puts a released image into every environment file: docs/how-to/releasing.md.

const [tag, digest] = process.argv.slice(2);
if (!tag || !digest) throw new Error('usage: npm run set-image -- <version> <digest>');
for (const file of environmentFiles(dirname(dirname(import.meta.dirname))))
  writeFileSync(file, withImage(readFileSync(file, 'utf8'), tag, digest));
