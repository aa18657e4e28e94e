import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const repository = join(import.meta.dirname, '../..');
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: repository,
  encoding: 'utf8',
})
  .trim()
  .split('\n');
const read = (file: string): string => readFileSync(join(repository, file), 'utf8');

/** Comments of a source, as the parser finds them. */
const commentsOf = (file: string): string => {
  const source = ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest);
  const comments = new Map<number, string>();
  const visit = (node: ts.Node): void => {
    for (const ranges of [ts.getLeadingCommentRanges, ts.getTrailingCommentRanges])
      for (const { pos, end } of ranges(source.text, node.pos) ?? [])
        comments.set(pos, source.text.slice(pos, end));
    node.getChildren(source).forEach(visit);
  };
  visit(source);
  return [...comments.values()].join('\n');
};

/** `core/process.ts`, `FORMAT.md`; neither a URL nor an absolute path, nor one with a placeholder. */
const mention = /(?<![\w./<>{}$*-])(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:ts|mjs|md)\b(?![\w/*{<-])/g;

/** Made by a command of the page, not by us. */
const outputs = new Set(['review.md']);

const exists = (path: string): boolean => {
  const name = path.replace(/^(\.\.?\/)+/, '');
  return outputs.has(name) || tracked.some((file) => `/${file}`.endsWith(`/${name}`));
};

const missingIn = (text: string): readonly string[] =>
  [...new Set(text.match(mention))].filter((path) => !exists(path));

describe('a file that is mentioned exists', () => {
  test.each([
    ['DESIGN.md says why', ['DESIGN.md']],
    ['see ../core/process.ts and core/nowhere.ts', ['core/nowhere.ts']],
    ['https://example.org/core/nowhere.ts', []],
  ])('%s', (text, missing) => expect(missingIn(text)).toEqual(missing));

  test('in comments', () => {
    const found = tracked
      .filter((file) => file.endsWith('.ts') && file !== 'test/rules/mentioned-files.test.ts')
      .flatMap((file) => missingIn(commentsOf(file)).map((path) => `${file}: ${path}`));
    expect(found).toEqual([]);
  });

  test('in documents', () => {
    const found = tracked
      .filter((file) => file.endsWith('.md') && file !== 'CHANGELOG.md')
      .flatMap((file) => missingIn(read(file)).map((path) => `${file}: ${path}`));
    expect(found).toEqual([]);
  });
});
