import { describe, expect, test } from '@jest/globals';
import { fillPage } from '../../../../scripts/docs/page.ts';

const pageWith = (name: string, content = '') =>
  `# Title\n\n<!-- begin ${name}: written by npm run docs -->\n${content}<!-- end -->\n\nProse.\n`;

describe('fillPage', () => {
  test('writes each part between its comments and leaves the rest alone', () => {
    const page = pageWith('one', 'old\n') + pageWith('two');
    expect(fillPage(page, { two: () => '$& 2', one: () => 'new' })).toBe(
      pageWith('one', '\nnew\n\n') + pageWith('two', '\n$& 2\n\n'),
    );
  });

  test('changes nothing that is fresh', () => {
    const fresh = fillPage(pageWith('one'), { one: () => 'new' });
    expect(fillPage(fresh, { one: () => 'new' })).toBe(fresh);
  });

  test('refuses a page that lacks a part, or has one that nothing generates', () => {
    expect(() => fillPage(pageWith('one'), { one: () => '', two: () => '' })).toThrow(
      'found the generated parts one, expected one, two',
    );
    expect(() => fillPage(pageWith('one'), {})).toThrow('found the generated parts one, expected ');
  });
});
