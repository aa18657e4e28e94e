import { Argument as Positional, Option, type Command as Program } from 'commander';
import { names } from '../contract/names.ts';
import { commonFlags, type Argument, type Command, type Default, type Flag } from './command.ts';
import { exitCodeRows } from './exit-code-rows.ts';

/** `dryRun` → `--dry-run`. */
export const flagName = (key: string): string =>
  `--${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** `--last <n>`. */
export const flagTerm = (key: string, { value }: Flag): string =>
  value ? `${flagName(key)} <${value}>` : flagName(key);

/** `<target>`, `[archive]`. */
export const argumentTerm = (name: string, spec: Argument): string =>
  spec.default === undefined ? `<${name}>` : `[${name}]`;

/** What holds without the flag. */
export const shownDefault = (given: Default): string => String('value' in given ? given.value : given.words);

const withDefault = (description: string, given: string | undefined): string =>
  given === undefined ? description : `${description} (default: ${given})`;

const positionalOf = (name: string, spec: Argument): Positional => {
  const positional = new Positional(argumentTerm(name, spec), withDefault(spec.description, spec.default));
  return spec.choices ? positional.choices(spec.choices) : positional;
};

const optionOf = (key: string, flag: Flag): Option => {
  const { description, choices, parse } = flag;
  const option = new Option(
    flagTerm(key, flag),
    withDefault(description, flag.default && shownDefault(flag.default)),
  );
  if (choices) option.choices(choices);
  if (parse) option.argParser(parse);
  return option;
};

/** What a flag is where the command line does not give it. */
const unset = ({ value, default: given }: Flag): unknown => {
  if (!value) return false;
  return given && 'value' in given ? given.value : undefined;
};

const inputOf = (
  spec: Command,
  given: readonly unknown[],
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(Object.keys(spec.arguments).map((name, index) => [name, given[index]])),
  ...Object.fromEntries(Object.entries(spec.flags).map(([key, flag]) => [key, options[key] ?? unset(flag)])),
});

/** A whole command line. */
export const exampleLine = (name: string, args: string): string =>
  [names.program, name, args].filter(Boolean).join(' ');

const closingHelp = (name: string, spec: Command): string =>
  [
    '\nExamples:',
    ...spec.examples.map(([args, what]) => `  ${exampleLine(name, args)}\n      ${what}`),
    '\nExit codes:',
    ...exitCodeRows(spec).map(([code, meaning]) => `  ${code}  ${meaning}`),
  ].join('\n');

export interface CommonInput {
  readonly json: boolean;
  readonly plan: string | undefined;
}

/** Adds a command to the program's parser and help; `run` gets what the command line says. */
export const addCommand = (
  program: Program,
  name: string,
  spec: Command,
  run: (input: Readonly<Record<string, unknown>>, common: CommonInput) => Promise<void>,
): void => {
  const command = program
    .command(name)
    .description(spec.description)
    .helpGroup(`${spec.group}:`)
    .addHelpText('after', closingHelp(name, spec));
  for (const [key, argument] of Object.entries(spec.arguments))
    command.addArgument(positionalOf(key, argument));
  for (const [key, flag] of Object.entries({ ...spec.flags, ...commonFlags }))
    command.addOption(optionOf(key, flag));
  command.action(async () => {
    const options = command.opts<Record<string, unknown>>();
    const { json = false, plan } = options as Partial<CommonInput>;
    await run(inputOf(spec, command.processedArgs, options), { json, plan });
  });
};
