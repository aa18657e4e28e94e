import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { z } from 'zod';
import { environmentSchema } from '../../src/environment/environment.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import { checkCommand, codeIn, isCommand } from '../kit/commands.ts';
import { at, environmentOf } from '../kit/environments.ts';

const repository = join(import.meta.dirname, '../..');
const page = (name: string): string => readFileSync(join(repository, name), 'utf8');

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly oneOf?: readonly JsonSchema[];
  readonly anyOf?: readonly JsonSchema[];
}

/** Names of all fields, at any depth. */
const fieldsOf = ({ properties = {}, items, oneOf = [], anyOf = [] }: JsonSchema): readonly string[] => [
  ...Object.entries(properties).flatMap(([name, field]) => [name, ...fieldsOf(field)]),
  ...[...(items ? [items] : []), ...oneOf, ...anyOf].flatMap(fieldsOf),
];

describe('docs/reference/configuration.md', () => {
  const text = page('docs/reference/configuration.md');
  const schema = z.toJSONSchema(environmentSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;

  test('has every field of an environment', () => {
    const fields = [...new Set(fieldsOf(schema))];
    expect(fields.length).toBeGreaterThan(50);
    expect(fields.filter((name) => !new RegExp(`[\`.]${name}(\`|\\.|\\[\\])`).test(text))).toEqual([]);
  });
});

/** For a shell, or for what is there before the backup system is; what remains has to be there in prod. */
const elsewhere =
  /^kubectl (create (namespace|secret)|delete pvc|rollout status|scale|exec$)|\\$|xargs|job\/first-|examples\/|deployment\/postgresql/;

describe.each(['docs/tutorial.md', 'docs/how-to/disaster-recovery.md', 'docs/how-to/restore.md'])(
  '%s',
  (name) => {
    const commands = codeIn(page(name))
      .map((code) => code.replace(/\s+#.*$/, ''))
      .filter((code) => isCommand(code) && !elsewhere.test(code));

    test('names commands', () => expect(commands.length).toBeGreaterThan(6));

    test.each([...new Set(commands)])('%s exists', async (command) => {
      await checkCommand(command);
    });
  },
);

describe('examples/local/postgresql.yaml', () => {
  test('is the server that the plan of dev backs up, by address, labels and Secret', () => {
    const [secret, , service, deployment] = loadAll(
      page('examples/local/postgresql.yaml'),
    ) as KubernetesObject[];
    const target = environmentOf('dev').targets.find(({ name }) => name === 'postgresql')!;
    const { connection, network } = target;
    expect([service!.metadata.name, at(service!, 'spec.ports')]).toEqual([
      connection['host'],
      [{ port: connection['port'] }],
    ]);
    expect(at(deployment!, 'spec.template.metadata.labels')).toEqual(network.podLabels);
    expect(secret!.metadata.name).toBe(target.secret.name);
  });
});

describe('README.md', () => {
  test.each([
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'alerts/RUNBOOK.md',
    ...readdirSync(join(repository, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
  ])('links of %s lead somewhere', (name) => {
    const folder = join(repository, name, '..');
    for (const [, link] of page(name).matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      expect(() => readFileSync(join(folder, link!))).not.toThrow();
  });
});

describe('every default of a field has its reason beside it', () => {
  test.each([
    'src/environment/deployment.ts',
    'src/environment/network.ts',
    'src/aws/config.ts',
    'runtime/src/plan/schema.ts',
    'runtime/src/retention/decision.ts',
    'runtime/src/health/anomaly/policy.ts',
    'runtime/src/notify/config.ts',
    'runtime/src/store/config.ts',
  ])('%s', (file) => {
    const defaults = [...page(file).matchAll(/@default .*?(?=\*\/|\n\s+\*(?:\/|\s+@|\s*\n)|$)/gs)].map(
      ([text]) => text.replaceAll(/\s*\n\s*\*\s*/g, ' '),
    );
    expect(defaults.length).toBeGreaterThan(0);
    expect(defaults.filter((text) => !/@default .+ - ./.test(text))).toEqual([]);
  });
});
