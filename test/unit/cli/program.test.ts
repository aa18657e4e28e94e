import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { defineCommand, type Command } from '../../../runtime/src/cli/command.ts';
import { count } from '../../../runtime/src/cli/option-parsers.ts';
import { commands, runProgram } from '../../../runtime/src/cli/program.ts';
import { exitCodeMeanings } from '../../../runtime/src/contract/exit-codes.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { silentSession } from '../../kit/session.ts';
import { shellWords } from '../../kit/shell-words.ts';

const schema = z.strictObject({ input: z.unknown() });

/** A command that prints its input. */
const echo = defineCommand({
  group: 'Monitoring',
  description: 'print what it was given',
  arguments: {
    first: { description: 'must be there' },
    second: { description: 'may be there', default: 'nothing' },
  },
  flags: {
    switchOn: { description: 'a switch' },
    some: { value: 'n...', description: 'several' },
    number: { value: 'n', description: 'a number', parse: count, default: { value: 3, why: 'it is odd' } },
    later: { value: 'n', description: 'a number', default: { words: 'as the plan says', why: 'it knows' } },
    choice: { value: 'x', description: 'one of two', choices: ['a', 'b'] },
  },
  examples: [['here --switch-on', 'print that the switch is on']],
  exitCodes: ['verification'],
  schema: () => Promise.resolve(schema),
  text: () =>
    Promise.resolve((result: z.output<typeof schema>) => `for people: ${JSON.stringify(result.input)}`),
  run: (input) => Promise.resolve({ result: { input } }),
});

const run = async (command: Command, ...args: readonly string[]) => {
  const { session, stdout, stderr } = silentSession(() => Promise.reject(new Error('opened')));
  const known = { ...commands, echo: () => Promise.resolve({ command }) };
  const ended = await runProgram(session, ['echo', ...args], known).catch((error: unknown) => ({ error }));
  return { ended, stdout: stdout(), stderr: stderr() };
};

const inputOf = async (...args: readonly string[]): Promise<unknown> =>
  (JSON.parse((await run(echo, ...args, '--json')).stdout) as z.output<typeof schema>).input;

describe('input of a command', () => {
  test('has for what is left out its default, and undefined where only the command knows it', async () => {
    expect(await inputOf('x')).toEqual({ first: 'x', switchOn: false, number: 3 });
  });

  test('has what the command line says', async () => {
    const args = [
      'x',
      'y',
      '--switch-on',
      '--some',
      'p',
      'q',
      '--number',
      '7',
      '--later',
      'z',
      '--choice',
      'b',
    ];
    expect(await inputOf(...args)).toEqual({
      first: 'x',
      second: 'y',
      switchOn: true,
      some: ['p', 'q'],
      number: 7,
      later: 'z',
      choice: 'b',
    });
  });

  test.each([
    [[], /missing required argument 'first'/],
    [['x', '--number', 'many'], /whole number/],
    [['x', '--choice', 'c'], /Allowed choices are a, b/],
    [['x', '--unknown'], /unknown option/],
  ])('%j is refused', async (args, message) => {
    const { ended, stdout, stderr } = await run(echo, ...args);
    expect(ended).toMatchObject({ error: { exitCode: 1, message: expect.stringMatching(message) } });
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('what a command prints', () => {
  test('is text for people, unless --json asks for a document', async () => {
    expect((await run(echo, 'x')).stdout).toMatch(/^for people: \{/);
  });

  test('is nothing where it has no result', async () => {
    const { ended, stdout } = await run({ ...echo, run: () => Promise.resolve({}) }, 'x', '--json');
    expect([ended, stdout]).toEqual([{ printed: false }, '']);
  });

  test('is its result also where there is a problem, which is told beside it', async () => {
    const problem = new BackupError('check.failed', '1 problem remains');
    const failing = { ...echo, run: () => Promise.resolve({ result: { input: 1 }, problem }) };
    const { ended, stdout } = await run(failing, 'x', '--json');
    expect(ended).toEqual({ printed: true, problem });
    expect(JSON.parse(stdout)).toEqual({ input: 1 });
  });
});

describe('help', () => {
  const helpOf = async (...args: readonly string[]): Promise<string> => {
    const { session, stdout } = silentSession(() => Promise.reject(new Error('opened')));
    await runProgram(session, args).catch(() => {});
    return stdout();
  };

  test('shows the commands in groups', async () => {
    const text = await helpOf('--help');
    const order = [
      'Backups:',
      ' backup ',
      'Recovery:',
      ' restore ',
      'Care of the stores:',
      ' prune ',
      'Monitoring:',
    ];
    expect(order.map((part) => text.indexOf(part))).toEqual(
      order.map((part) => text.indexOf(part)).toSorted((a, b) => a - b),
    );
    expect(order.every((part) => text.includes(part))).toBe(true);
  });

  test.each(Object.keys(commands))('of %s ends with an example and its exit codes', async (name) => {
    const { command } = await commands[name]!();
    const text = await helpOf(name, '--help');
    expect(command.examples.length).toBeGreaterThan(0);
    expect(text).toContain(`  grill-backup ${name}`);
    const end = text.slice(text.indexOf('Exit codes:')).trimEnd().split('\n').slice(1);
    expect(end[0]).toBe(`  0  ${exitCodeMeanings.ok}`);
    expect(end).toHaveLength(3 + command.exitCodes.length);
  });

  test.each(Object.keys(commands))('every example of %s can be read', async (name) => {
    const { command } = await commands[name]!();
    for (const [args] of command.examples) {
      const { session } = silentSession(() => Promise.reject(new Error('opened')));
      await expect(runProgram(session, [name, ...shellWords(args)])).rejects.toThrow('opened');
    }
  });
});
