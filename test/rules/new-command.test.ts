import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { removeFolder, workFolder } from '../kit/private-server.ts';

const root = join(import.meta.dirname, '../..');

/** The folder of a command: it counts letters. */
const files = {
  'result.ts': `import { z } from 'zod';
export const toySchema = z.strictObject({ letters: z.int().describe('letters of the word') });
`,
  'text.ts': `export const renderToy = ({ letters }: { letters: number }): string => \`\${letters} letters\`;
`,
  'cli.ts': `import { defineCommand } from '../../cli/command.ts';
export const command = defineCommand({
  group: 'Monitoring',
  description: 'count letters',
  arguments: { word: { description: 'what to count' } },
  flags: { twice: { description: 'count each letter twice' } },
  examples: [['bear --twice', 'print 8']],
  exitCodes: ['verification'],
  schema: async () => (await import('./result.ts')).toySchema,
  text: async () => (await import('./text.ts')).renderToy,
  run: async ({ word, twice }) => ({ result: { letters: word.length * (twice ? 2 : 1) } }),
});
`,
};

const pages = `import { commandSections, readCommands } from './scripts/docs/commands.ts';
import { resultDocuments } from './scripts/docs/json.ts';
const commands = await readCommands();
console.log(commandSections(commands) + await resultDocuments(commands));`;

let folder: string;

const run = async (...args: readonly string[]): Promise<string> => {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await promisify(execFile)(process.execPath, [...args], { cwd: folder, env });
  return stdout;
};
const cli = (...args: readonly string[]) => run('runtime/src/cli/main.ts', ...args);

beforeAll(() => {
  folder = workFolder('new-command');
  for (const part of ['runtime', 'scripts', 'package.json'])
    cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const toy = join(folder, 'runtime/src/commands/toy');
  mkdirSync(toy);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(toy, name), text);
  const program = join(folder, 'runtime/src/cli/program.ts');
  const table = 'export const commands: Commands = {\n';
  const line = `  toy: () => import('../commands/toy/cli.ts'),\n`;
  writeFileSync(program, readFileSync(program, 'utf8').replace(table, table + line));
});
afterAll(() => removeFolder(folder));

describe('one folder and one line make a command', () => {
  test('that runs, for people and for programs', async () => {
    expect(await cli('toy', 'bear')).toBe('4 letters\n');
    expect(JSON.parse(await cli('toy', 'bear', '--twice', '--json'))).toEqual({ letters: 8 });
  });

  test('that is in --help, in its group, with example and exit codes', async () => {
    expect(await cli('--help')).toMatch(/Monitoring:\n {2}toy \[options\] <word> +count letters/);
    const help = await cli('toy', '--help');
    expect(help).toContain('--twice');
    expect(help).toMatch(/grill-backup toy bear --twice\n +print 8[^]*Exit codes:\n[^]*\n {2}8 {2}/);
  });

  test('that is in the references of the command line and of --json', async () => {
    const text = await run('--input-type=module', '--eval', pages);
    expect(text).toContain('### toy\n\nCount letters.');
    expect(text).toContain('| `--twice` | count each letter twice | off |');
    expect(text).toContain('# print 8\ngrill-backup toy bear --twice');
    expect(text).toContain('| `letters` | integer | letters of the word |');
  });

  test('and a field of its result that says nothing of itself is named', async () => {
    writeFileSync(
      join(folder, 'runtime/src/commands/toy/result.ts'),
      files['result.ts'].replace(/\.describe\(.*?\)/, ''),
    );
    await expect(run('--input-type=module', '--eval', pages)).rejects.toThrow(
      'without a description: letters',
    );
  });
});
