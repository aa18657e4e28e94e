import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Rule } from 'eslint';
import ts from 'typescript';

/** Files of ours that a source imports, types and `import()` among them. */
const importsIn = (file: string, text: string): readonly string[] =>
  ts
    .preProcessFile(text)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => /^\.{1,2}\/.*\.ts$/.test(name))
    .map((name) => resolve(dirname(file), name));

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the compiler reports an import of nothing
  }
};

const known = new Map<string, readonly string[]>();

const importsOf = (file: string): readonly string[] => {
  const found = known.get(file) ?? importsIn(file, read(file));
  known.set(file, found);
  return found;
};

/** Files from `from` to `to`, each of which imports the next; undefined where none leads there. */
const wayTo = (to: string, from: string, seen = new Set<string>()): readonly string[] | undefined => {
  if (from === to) return [to];
  seen.add(from);
  for (const next of importsOf(from)) {
    const rest = seen.has(next) ? undefined : wayTo(to, next, seen);
    if (rest) return [from, ...rest];
  }
  return undefined;
};

type Importing = { readonly source?: { readonly value?: unknown } | null } & Rule.Node;

/** As `import-x/no-cycle`, which does not count type imports. */
export const noCycle: Rule.RuleModule = {
  meta: { type: 'problem', messages: { circle: 'These files import each other: {{files}}' }, schema: [] },
  create: (context) => {
    const check = (node: Rule.Node): void => {
      const { source } = node as Importing;
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const way = wayTo(context.filename, resolve(dirname(context.filename), source.value));
      const files = way?.map((file) => file.slice(context.cwd.length + 1)).join(' → ');
      if (files !== undefined) context.report({ node, messageId: 'circle', data: { files } });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};
