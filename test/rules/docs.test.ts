import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { environmentSchema } from '../../src/environment/environment.ts';
import { checkCommand, codeIn, isCommand } from '../kit/commands.ts';

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

describe('docs/how-to/disaster-recovery.md', () => {
  // loops, and what comes before the backup system is there, are for a shell and a cluster
  const commands = codeIn(page('docs/how-to/disaster-recovery.md')).filter(
    (code) =>
      isCommand(code) && !/^kubectl (create (namespace|secret)|delete pvc)|\\$$|xargs|job\/first-/.test(code),
  );

  test('names commands', () => expect(commands.length).toBeGreaterThan(6));

  test.each([...new Set(commands)])('%s exists', async (command) => {
    await checkCommand(command);
  });
});

describe('README.md', () => {
  test.each([
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
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
