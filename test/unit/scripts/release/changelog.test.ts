import { describe, expect, test } from '@jest/globals';
import { release, releasedVersions, sectionOf } from '../../../../scripts/release/changelog.ts';

const changelog = `# Changelog

## [Unreleased]

### Added

- New.

## [0.1.0] - 2026-11-22

### Added

- Old.
`;

describe('release', () => {
  test('dates what is unreleased and leaves room for what comes next', () => {
    expect(release(changelog, '0.2.0', '2026-11-29')).toBe(
      changelog.replace('## [Unreleased]\n', '## [Unreleased]\n\n## [0.2.0] - 2026-11-29\n'),
    );
  });

  test.each([
    ['a version that is there already', changelog, '0.1.0', 'CHANGELOG.md has a section 0.1.0 already'],
    [
      'nothing to release',
      '# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2026-11-22\n\n- Old.\n',
      '0.2.0',
      'CHANGELOG.md has nothing that is unreleased',
    ],
  ])('refuses %s', (_, text, version, message) => {
    expect(() => release(text, version, '2026-11-29')).toThrow(message);
  });
});

describe('sectionOf', () => {
  test('is what changed in a version', () => {
    expect(sectionOf(changelog, '0.1.0')).toBe('### Added\n\n- Old.');
    expect(sectionOf(changelog, 'Unreleased')).toBe('### Added\n\n- New.');
  });

  test('does not take one version for another', () => {
    expect(() => sectionOf(changelog, '0.1')).toThrow('CHANGELOG.md has no section 0.1');
  });
});

test('releasedVersions are those with a date, the newest first', () => {
  expect(releasedVersions(release(changelog, '0.2.0', '2026-11-29'))).toEqual(['0.2.0', '0.1.0']);
});
