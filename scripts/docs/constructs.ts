import ts from 'typescript';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { linked } from './markdown.ts';
import { Props } from './props.ts';
import type { Source } from './source.ts';

const folder = 'docs/reference';
const library = 'src/index.ts';
const component = 'src/pulumi/component.ts';

/** What is documented, for a Source. */
export const constructFiles: readonly string[] = [library, component];

const isPublic = (member: ts.ClassElement): boolean =>
  !(ts.getCombinedModifierFlags(member) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) &&
  !(member.name && ts.isPrivateIdentifier(member.name));

const codeBlock = (text: string): string => `\`\`\`ts\n${text}\n\`\`\``;

/** The reference of the construct library and of the Pulumi component, made from their types and doc comments. */
export class Constructs {
  readonly #source: Source;
  readonly #props: Props;

  /** @param source of `constructFiles`; @param links as of Props */
  constructor(source: Source, links: ReadonlyMap<ts.Declaration, string>) {
    this.#source = source;
    this.#props = new Props(source, links);
  }

  /** Constructs, then functions, then types. @throws Error for what has no doc comment */
  library(file = library): string {
    const exported = [...this.#source.exportsOf(file)];
    const of = (flags: ts.SymbolFlags) => exported.filter(([, symbol]) => symbol.flags & flags);
    const types = of(ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias).filter(
      ([name]) => !name.endsWith('Props'),
    );
    return [
      ...of(ts.SymbolFlags.Class).map(([name, symbol]) => this.#construct(name, symbol)),
      ...[...of(ts.SymbolFlags.Function | ts.SymbolFlags.Variable), ...types].map(([name, symbol]) =>
        this.#other(name, symbol),
      ),
    ].join('\n\n');
  }

  /** The component. */
  pulumi(): string {
    return this.#construct('BackupStack', this.#source.exportOf(component, 'BackupStack'));
  }

  /** Section of a class, with its props. */
  #construct(name: string, symbol: ts.Symbol): string {
    const declaration = symbol.valueDeclaration as ts.ClassDeclaration;
    const members = declaration.members.filter(
      (member) => isPublic(member) && !ts.isConstructorDeclaration(member) && member.name,
    );
    const [signature] = this.#source.checker.getTypeOfSymbol(symbol).getConstructSignatures();
    const parameter = mustExist(
      signature?.parameters.find(({ name: word }) => word === 'props' || word === 'args'),
      `props of ${name}`,
    );
    return [
      `### ${name}`,
      this.#said(name, symbol),
      this.#props.tableOf(name, this.#source.checker.getTypeOfSymbol(parameter)),
      ...(members.length ? [members.map((member) => this.#member(name, member)).join('\n')] : []),
    ].join('\n\n');
  }

  #member(owner: string, member: ts.ClassElement): string {
    const { checker } = this.#source;
    const symbol = mustExist(
      member.name && checker.getSymbolAtLocation(member.name),
      `name of a member of ${owner}`,
    );
    const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
    const type = checker.typeToString(
      checker.getTypeOfSymbol(symbol),
      member,
      ts.TypeFormatFlags.NoTruncation,
    );
    const text = signature
      ? `${symbol.name}${checker.signatureToString(signature, member)}`
      : `${symbol.name}: ${type}`;
    return `- \`${text}\`: ${this.#said(`${owner}.${symbol.name}`, symbol)}`;
  }

  #other(name: string, symbol: ts.Symbol): string {
    const { checker } = this.#source;
    const declaration = mustExist(symbol.declarations?.[0], `declaration of ${name}`);
    const [signature] = checker.getTypeOfSymbol(symbol).getCallSignatures();
    const text = signature
      ? `${name}${checker.signatureToString(signature, declaration)}`
      : declaration.getText().replace(/^export /, '');
    return [`### ${name}`, this.#said(name, symbol), codeBlock(text)].join('\n\n');
  }

  #said(name: string, symbol: ts.Symbol): string {
    const { text } = this.#source.docOf(symbol);
    if (!text) throw new Error(`${name} has no doc comment`);
    return linked(text, folder);
  }
}
