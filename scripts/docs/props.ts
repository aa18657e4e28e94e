import ts from 'typescript';
import { linked, table } from './markdown.ts';
import type { Doc } from './doc-comment.ts';
import type { Source } from './source.ts';

const page = 'configuration.md';

interface Prop {
  readonly path: string;
  readonly type: string;
  readonly optional: boolean;
  readonly doc: Doc;
  /** False for an object whose fields have defaults of their own. */
  readonly wantsDefault: boolean;
}

const format = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;

/** True for the fields of a schema, which have doc comments; not for what another package declares. */
const isOwn = (property: ts.Symbol): boolean =>
  ts.isObjectLiteralExpression(property.declarations?.[0]?.parent ?? ({ kind: 0 } as ts.Node));

/** The same for types with the same properties, declared in the same places. */
const identityOf = (type: ts.Type): string =>
  type
    .getProperties()
    .map(({ name, declarations: [first] = [] }) => `${name} ${first?.getSourceFile().fileName}:${first?.pos}`)
    .sort()
    .join();

/** Props of a construct as rows: what the configuration has a section for is linked, the rest is there to any depth. */
export class Props {
  readonly #source: Source;
  readonly #links: ReadonlyMap<ts.Declaration, string>;
  /** Constructs by what their props are, each in words. */
  readonly #constructs = new Map<string, string>();

  /** @param links sections of docs/reference/configuration.md by the declarations that they are about */
  constructor(source: Source, links: ReadonlyMap<ts.Declaration, string>) {
    this.#source = source;
    this.#links = links;
  }

  /**
   * Props of a construct; those that another has, too, are named once.
   * @throws Error for props without a comment, or without a reason of their default
   */
  tableOf(construct: string, type: ts.Type): string {
    const other = this.#constructs.get(identityOf(type));
    if (other) return `Its props are those of ${other}.`;
    this.#constructs.set(identityOf(type), `[${construct}](#${construct.toLowerCase()})`);
    const rows = this.#rows(type, '');
    const problems = rows.flatMap(({ path, optional, doc, wantsDefault }) => [
      ...(doc.text ? [] : [`${path} has no doc comment`]),
      ...(optional && wantsDefault && !doc.standard?.why ? [`${path} has no "@default value - why"`] : []),
    ]);
    if (problems.length) throw new Error(problems.join('\n'));
    return table(
      ['prop', 'type', 'default', 'meaning', 'why this default'],
      rows.map(({ path, type: words, optional, doc }) => [
        `\`${path}\``,
        words,
        optional ? linked(doc.standard?.value ?? 'that of each field', 'docs/reference') : '**required**',
        linked(doc.text, 'docs/reference'),
        optional ? linked(doc.standard?.why ?? '', 'docs/reference') : '',
      ]),
    );
  }

  #rows(type: ts.Type, prefix: string): readonly Prop[] {
    return type.getProperties().flatMap((property) => this.#row(property, `${prefix}${property.name}`));
  }

  #row(property: ts.Symbol, path: string): readonly Prop[] {
    const { checker } = this.#source;
    const optional = Boolean(property.flags & ts.SymbolFlags.Optional);
    const type = checker.getNonNullableType(checker.getTypeOfSymbol(property));
    const link = this.#source
      .trailOf(property)
      .map((declaration) => this.#links.get(declaration))
      .find(Boolean);
    const other = this.#constructs.get(identityOf(type));
    const inner = (link ?? other) ? [] : this.#inner(type);
    const words =
      link?.replace('(#', `(${page}#`) ??
      (other && `props of ${other}`) ??
      (inner.length ? 'object' : `\`${checker.typeToString(type, undefined, format)}\``);
    const isList = checker.isArrayType(type);
    const doc = this.#source.docOf(property, Boolean(link) || inner.length > 0);
    const wantsDefault = !this.#isFilledIn(type);
    const row = {
      path,
      type: isList && inner.length ? 'list of objects' : words,
      optional,
      doc,
      wantsDefault,
    };
    return [row, ...inner.flatMap((below) => this.#row(below, `${path}${isList ? '[]' : ''}.${below.name}`))];
  }

  /** Fields of an object, or of the objects of a list, that a schema here declares. */
  #inner(type: ts.Type): readonly ts.Symbol[] {
    const { checker } = this.#source;
    const [element = type] = checker.isArrayType(type)
      ? checker.getTypeArguments(type as ts.TypeReference)
      : [];
    return element.getProperties().filter(isOwn);
  }

  /** True for an object of which every field may be left out. */
  #isFilledIn(type: ts.Type): boolean {
    const properties = this.#inner(type);
    return (
      !this.#source.checker.isArrayType(type) &&
      properties.length > 0 &&
      properties.every(({ flags }) => flags & ts.SymbolFlags.Optional)
    );
  }
}
