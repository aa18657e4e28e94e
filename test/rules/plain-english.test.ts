import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const root = join(import.meta.dirname, '../..');

/** What readers stumble over, and what to write instead. Add a line when a review finds another. */
const avoided: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bmend(s|ed|ing)?\b/i, 'fix, repair'],
  [/\btold\b/i, 'sent, reported, notified'],
  [/\bbeliev(e|ed|able)\b|\bunbelieved\b/i, 'authenticated, fails authentication'],
  [/\basleep\b/i, 'suspended'],
  [/\bwhoever\b/i, 'anyone who'],
  [/\b(none|never) (of )?ours\b/i, 'does not belong to'],
  [/\bfor want of\b/i, 'because there is no, without'],
  [/\bno good\b/i, 'not valid'],
  [/\bhas to be left\b/i, 'what you still need'],
  [/\bfor ever\b/i, 'forever'],
  [/\banew\b/i, 'again'],
  [/\bat hand\b/i, 'available'],
  [/(?<!\bthere )\b(is|are) no (?!longer\b|more\b|less\b|older\b|newer\b|loss\b)[a-z]/i, 'is not a'],
  [/\bin the clear\b/i, 'unencrypted'],
  [/\bcure\b/i, 'fix'],
  [/\bfound good\b/i, 'verified, passed verification'],
  [/\breach(es)? back\b/i, 'oldest archive, goes back'],
  [/\bof the week before\b/i, 'vs. previous week'],
  [/\boldest of its\b/i, 'worst RPO usage'],
  [/\bunlike those before\b/i, 'unusual, differs from earlier ones'],
  [/\bthat is left\b.*\bby name\b/i, 'remaining'],
];

interface Text {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const filesBelow = (folder: string, ends: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ends))
    .map((name) => join(folder, name));

/** CHANGELOG.md is history and stays as it was written. */
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'alerts/RUNBOOK.md'],
  ...['runtime/FORMAT.md', 'runtime/recovery/README.txt', 'Pulumi.dev.yaml', 'Pulumi.prod.yaml'],
  ...filesBelow('docs', '.md'),
];

const linesOf = (file: string): readonly Text[] =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .map((text, index) => ({ file, line: index + 1, text }));

/** Texts of a source file: messages, help, titles. A name or a key is one word, and is none. */
const stringsOf = (file: string): readonly Text[] => {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Text[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))
      found.push({
        file,
        line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1,
        text: node.getText(source),
      });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.filter(({ text }) => /\w \w/.test(text));
};

const sources = ['runtime/src', 'src', 'alerts', 'dashboards', 'policy'].flatMap((folder) =>
  filesBelow(folder, '.ts'),
);

const findings = (texts: readonly Text[]): readonly string[] =>
  texts.flatMap(({ file, line, text }) =>
    avoided
      .filter(([pattern]) => pattern.test(text))
      .map(([pattern, instead]) => `${file}:${line}: ${pattern.exec(text)![0]} → ${instead}`),
  );

describe('plain English', () => {
  test('in every page', () => expect(findings(pages.flatMap(linesOf))).toEqual([]));

  test('in messages, help, alerts and panels', () =>
    expect(findings(sources.flatMap(stringsOf))).toEqual([]));

  test.each([
    'mend the cause, then restore',
    'once it was told on all channels',
    'is no record of a run',
    'Archives that cannot be believed',
  ])('finds: %s', (text) => expect(findings([{ file: 'page', line: 1, text }])).toHaveLength(1));

  test('leaves ordinary words alone', () =>
    expect(findings([{ file: 'page', line: 1, text: 'there is no archive that is no longer kept' }])).toEqual(
      [],
    ));
});
