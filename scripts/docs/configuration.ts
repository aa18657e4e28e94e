import type ts from 'typescript';
import type { z } from 'zod';
import { overrides } from '../../runtime/src/contract/overrides.ts';
import { tls } from '../../runtime/src/engines/connection.ts';
import { engines } from '../../runtime/src/engines/registry.ts';
import { environmentSchema } from '../../src/environment/environment.ts';
import { peer } from '../../src/environment/network.ts';
import { resources } from '../../src/environment/resources.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { fieldTable } from './field-table.ts';
import { problemsOf } from './field-problems.ts';
import { fieldsOf, type Field } from './fields.ts';
import { linked, table } from './markdown.ts';
import { simpleTypes } from './simple-types.ts';
import type { Source } from './source.ts';

const folder = 'docs/reference';

/** Fields at the top of an environment, by part of the page. */
const groups = {
  'backed-up': ['environment', 'logLevel', 'targets', 'verification', 'drill'],
  kept: [
    'retention',
    'encryption',
    'compression',
    'stores',
    'anomalies',
    'pushgateway',
    'notifications',
    'console',
  ],
  deployed: [
    'platform',
    'namespace',
    'image',
    'resources',
    'exporterResources',
    'exporterS3Keys',
    'priorityClass',
    'quota',
    'limitRange',
    'storage',
    'jobs',
    'secrets',
    'network',
    'access',
    'monitoring',
  ],
  aws: ['aws'],
} as const;

type Group = keyof typeof groups;

/** A schema that many fields have, with a section of its own. */
interface Shared {
  readonly title: string;
  readonly schema: z.ZodType;
  readonly file: string;
  readonly name: string;
}

const shared: readonly Shared[] = [
  { title: 'Resources', schema: resources, file: 'src/environment/resources.ts', name: 'resources' },
  { title: 'Peer', schema: peer, file: 'src/environment/network.ts', name: 'peer' },
  ...Object.values(engines).map(({ title, name, connection }) => ({
    title: `Connection of ${title}`,
    schema: connection as z.ZodType,
    file: `runtime/src/engines/${name}/connection.ts`,
    name: `${name}Connection`,
  })),
  { title: 'TLS', schema: tls, file: 'runtime/src/engines/connection.ts', name: 'tls' },
];

const linkTo = ({ title }: Shared): string => `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`;

const known = new Map<z.ZodType, string>([
  ...simpleTypes.map(({ schema, name }) => [schema, name] as const),
  ...shared.map((section) => [section.schema, linkTo(section)] as const),
]);

const environmentFile = 'src/environment/environment.ts';

/** Where the schemas are, for a Source. */
export const configurationFiles: readonly string[] = [environmentFile, ...shared.map(({ file }) => file)];

/** Top-level fields that no part of the page has. */
const withoutGroup = (fields: readonly Field[]): readonly string[] => {
  const listed: readonly string[] = Object.values(groups).flat();
  return fields
    .filter(({ path }) => !/[.[]/.test(path) && !listed.includes(path))
    .map(({ path }) => `${path} is in no part of the page`);
};

/** @throws Error with all that the schemas do not tell */
const checked = (fields: readonly Field[], others: readonly string[] = []): readonly Field[] => {
  const problems = [...fields.flatMap(problemsOf), ...others];
  if (problems.length) throw new Error(problems.join('\n'));
  return fields;
};

/** Whether a section has to be there, where its fields do not say it each. */
const standing = ({ optional, doc: { standard } }: Field): string => {
  if (!optional) return ' Required.';
  return standard ? ` Default: ${standard.value}, as ${standard.why}.` : '';
};

/** The reference of `Pulumi.<env>.yaml`, made from the schema of an environment and its doc comments. */
export class Configuration {
  readonly #source: Source;
  readonly #fields: readonly Field[];

  /** @param source of `configurationFiles` */
  constructor(source: Source, schema: z.ZodType = environmentSchema) {
    this.#source = source;
    const fields = this.#fieldsOf(schema, environmentFile, 'environmentSchema');
    this.#fields = checked(fields, withoutGroup(fields));
  }

  /** Fields of a part of the page: first those without a section of their own. */
  group(name: Group): string {
    const tops = groups[name].map((top) =>
      mustExist(
        this.#fields.find(({ path }) => path === top),
        `field ${top}`,
      ),
    );
    const simple = tops.filter(({ leaf }) => leaf);
    return [
      ...(simple.length ? [fieldTable(simple, folder)] : []),
      ...tops.filter(({ leaf }) => !leaf).map((top) => this.#section(top)),
    ].join('\n\n');
  }

  /** Sections of schemas that many fields have. */
  shared(): string {
    return shared
      .map(({ title, schema, file, name }) => {
        const { text } = this.#source.docOf(this.#source.exportOf(file, name), true);
        const fields = checked(this.#fieldsOf(schema, file, name));
        return [`### ${title}`, ...(text ? [linked(text, folder)] : []), fieldTable(fields, folder)].join(
          '\n\n',
        );
      })
      .join('\n\n');
  }

  /** Sections of the page that construct props can refer to, by what their values refer to. */
  links(): ReadonlyMap<ts.Declaration, string> {
    const declarationOf = (file: string, name: string) =>
      mustExist(this.#source.exportOf(file, name).declarations?.[0], `declaration of ${name}`);
    const environment = this.#source.inputOf(this.#source.exportOf(environmentFile, 'environmentSchema'));
    const tops = this.#fields.filter(({ path, leaf }) => !/[.[]/.test(path) && !leaf);
    return new Map([
      ...shared.map((section) => [declarationOf(section.file, section.name), linkTo(section)] as const),
      ...tops.flatMap(({ path }) =>
        // the second is what a constant of its own has, such as `deployedTargets`
        this.#source
          .trailOf(mustExist(environment.getProperty(path), `field ${path}`))
          .map((declaration) => [declaration, `[${path}](#${path.toLowerCase()})`] as const),
      ),
    ]);
  }

  #section(top: Field): string {
    const below = this.#fields.filter(
      ({ path }) => path.startsWith(`${top.path}.`) || path.startsWith(`${top.path}[]`),
    );
    return [
      `### \`${top.path}\``,
      linked(`${top.doc.text}${standing(top)}`, folder),
      fieldTable(below, folder),
    ].join('\n\n');
  }

  #fieldsOf(schema: z.ZodType, file: string, name: string): readonly Field[] {
    const others = new Map([...known].filter(([other]) => other !== schema));
    const type = this.#source.inputOf(this.#source.exportOf(file, name));
    return fieldsOf({ source: this.#source, known: others }, [schema], [type]);
  }
}

/** Variables of ConfigMap `backup-config`. */
export const overrideTable = (): string =>
  table(
    ['variable', 'meaning'],
    Object.entries(overrides).map(([name, meaning]) => [`\`${name}\``, meaning]),
  );
