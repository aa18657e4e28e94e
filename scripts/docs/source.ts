import { dirname, join } from 'node:path';
import ts from 'typescript';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { parseDoc, type Doc } from './doc-comment.ts';

const root = dirname(dirname(import.meta.dirname));

/** Calls of methods that wrap a schema, such as `duration.default('1h')` → `duration`. */
const innermost = (expression: ts.Expression): ts.Expression => {
  if (ts.isAsExpression(expression) || ts.isSatisfiesExpression(expression))
    return innermost(expression.expression);
  return ts.isCallExpression(expression) && ts.isPropertyAccessExpression(expression.expression)
    ? innermost(expression.expression.expression)
    : expression;
};

/** TypeScript sources with their types, to read what is said of exports and of properties. */
export class Source {
  readonly #program: ts.Program;
  readonly checker: ts.TypeChecker;

  /** @param files relative to the root of the repository */
  constructor(files: readonly string[]) {
    const read = ts.readConfigFile(join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file));
    const config = { ...(read.config as object), include: [], files: [] };
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    this.#program = ts.createProgram(
      files.map((file) => join(root, file)),
      options,
    );
    this.checker = this.#program.getTypeChecker();
  }

  /** @throws Error where the file does not export the name */
  exportOf(file: string, name: string): ts.Symbol {
    return mustExist(this.exportsOf(file).get(name), `export ${name} of ${file}`);
  }

  /** Exports of a file in their order; what it only passes on as it is at its origin. */
  exportsOf(file: string): ReadonlyMap<string, ts.Symbol> {
    const parsed = mustExist(this.#program.getSourceFile(join(root, file)), `file ${file}`);
    const module = mustExist(this.checker.getSymbolAtLocation(parsed), `module ${file}`);
    return new Map(this.checker.getExportsOfModule(module).map((found) => [found.name, this.#origin(found)]));
  }

  /**
   * What is said of an export or a property. A property that only names another, as in `{ size: amounts.size.optional() }`, is
   * what that is said to be, as far as nothing is said of itself; with `constants`, what a constant is said to be, too.
   */
  docOf(symbol: ts.Symbol, constants = false): Doc {
    const declarations = symbol.declarations ?? [];
    const comments = declarations.flatMap((declaration) =>
      ts.getJSDocCommentsAndTags(declaration).filter(ts.isJSDoc),
    );
    const own = parseDoc(comments.at(-1)?.getText() ?? '');
    const referred = declarations[0] && this.#referred(declarations[0]);
    const isConstant = referred?.valueDeclaration && ts.isVariableDeclaration(referred.valueDeclaration);
    if (!referred || (isConstant && !constants) || (own.text && own.standard)) return own;
    const other = this.docOf(referred, constants);
    return { text: own.text || other.text, standard: own.standard ?? other.standard };
  }

  /** Where a property is declared, and what its value refers to, one after the other. */
  trailOf(symbol: ts.Symbol): readonly ts.Declaration[] {
    const [declaration] = symbol.declarations ?? [];
    const referred = declaration && this.#referred(declaration);
    return [...(declaration ? [declaration] : []), ...(referred ? this.trailOf(referred) : [])];
  }

  /** Input of a schema, as a type. */
  inputOf(schema: ts.Symbol): ts.Type {
    const internals = mustExist(
      this.#property(this.checker.getTypeOfSymbol(schema), '_zod'),
      'schema of zod',
    );
    const input = this.#property(this.checker.getTypeOfSymbol(internals), 'input');
    return this.checker.getTypeOfSymbol(mustExist(input, 'input of a schema'));
  }

  #property(type: ts.Type, name: string): ts.Symbol | undefined {
    return type.isUnion()
      ? type.types.map((part) => part.getProperty(name)).find(Boolean)
      : type.getProperty(name);
  }

  #origin(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  /** What the value of a declaration refers to. */
  #referred(declaration: ts.Declaration): ts.Symbol | undefined {
    if (ts.isShorthandPropertyAssignment(declaration))
      return this.#named(this.checker.getShorthandAssignmentValueSymbol(declaration));
    if (ts.isBindingElement(declaration)) {
      const name = (declaration.propertyName ?? declaration.name).getText();
      return this.checker.getTypeAtLocation(declaration.parent).getProperty(name);
    }
    const isValue = ts.isPropertyAssignment(declaration) || ts.isVariableDeclaration(declaration);
    if (!isValue || !declaration.initializer) return undefined;
    const value = innermost(declaration.initializer);
    if (ts.isPropertyAccessExpression(value))
      return this.#named(this.checker.getSymbolAtLocation(value.name));
    return ts.isIdentifier(value) && value.text !== 'z'
      ? this.#named(this.checker.getSymbolAtLocation(value))
      : undefined;
  }

  #named(symbol: ts.Symbol | undefined): ts.Symbol | undefined {
    return symbol && this.#origin(symbol);
  }
}
