const unreleased = '## [Unreleased]';

const headingOf = (version: string): RegExp =>
  new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\].*\\n`, 'm');

/** Versions with a section and a date, the newest first. */
export const releasedVersions = (changelog: string): readonly string[] =>
  [...changelog.matchAll(/^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$/gm)].map(
    ([, version = '']) => version,
  );

/** What changed in a version: its section without the heading. @throws Error where there is none */
export const sectionOf = (changelog: string, version: string): string => {
  const heading = headingOf(version).exec(changelog);
  if (!heading) throw new Error(`CHANGELOG.md has no section ${version}`);
  const [section = ''] = changelog.slice(heading.index + heading[0].length).split(/^## /m, 1);
  return section.trim();
};

/**
 * Gives what is unreleased a version and a date, below an empty section for what comes next.
 * @param date 2026-11-29
 * @throws Error where nothing is unreleased, or the version is there already
 */
export const release = (changelog: string, version: string, date: string): string => {
  if (headingOf(version).test(changelog)) throw new Error(`CHANGELOG.md has a section ${version} already`);
  if (!sectionOf(changelog, 'Unreleased')) throw new Error('CHANGELOG.md has nothing that is unreleased');
  return changelog.replace(unreleased, `${unreleased}\n\n## [${version}] - ${date}`);
};
