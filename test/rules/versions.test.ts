import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { releasedVersions, sectionOf } from '../../scripts/release/changelog.ts';
import { places, versionsIn, withVersion } from '../../scripts/release/versions.ts';
import { environmentFiles, readEnvironment } from '../../src/environment/environment.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

describe('the version of package.json', () => {
  test.each(places)('is that of $file', (place) => {
    const text = read(place.file);
    expect(versionsIn(text, place)).toEqual(place.paths.map(() => version));
    expect(withVersion(text, place, version)).toBe(text); // so that a release changes nothing else
    expect(versionsIn(withVersion(text, place, '9.8.7'), place)).toEqual(place.paths.map(() => '9.8.7'));
  });

  test.each(environmentFiles(root).map((file) => [file]))('or an earlier one is the image of %s', (file) => {
    expect(releasedVersions(read('CHANGELOG.md'))).toContain(readEnvironment(file).image.tag);
  });

  test('has the newest section of CHANGELOG.md, with its date', () => {
    const changelog = read('CHANGELOG.md');
    expect(releasedVersions(changelog)[0]).toBe(version);
    expect(sectionOf(changelog, version)).toMatch(/^### /);
  });

  test('or an earlier one is the image of the example', () => {
    const [, tag] = /tag: '([^']+)'/.exec(read('examples/two-databases/main.ts')) ?? [];
    expect(releasedVersions(read('CHANGELOG.md'))).toContain(tag);
  });
});
