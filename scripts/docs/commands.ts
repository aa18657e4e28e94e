import { exitCodeRows } from '../../runtime/src/cli/exit-code-rows.ts';
import {
  commonFlags,
  groups,
  type Argument,
  type Command,
  type Flag,
} from '../../runtime/src/cli/command.ts';
import { argumentTerm, exampleLine, flagTerm, shownDefault } from '../../runtime/src/cli/parser.ts';
import { commands, type Commands } from '../../runtime/src/cli/program.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { linked, table } from './markdown.ts';

const folder = 'docs/reference';

/** A command and its name. */
export interface NamedCommand {
  readonly name: string;
  readonly command: Command;
}

/** Every command, in the order of `--help`. */
export const readCommands = (known: Commands = commands): Promise<readonly NamedCommand[]> =>
  Promise.all(Object.entries(known).map(async ([name, load]) => ({ name, command: (await load()).command })));

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Angle brackets would be HTML. */
const plain = (text: string): string => linked(text.replaceAll(/[<>]/g, '\\$&'), folder);

const argumentRow = ([name, spec]: [string, Argument]): readonly string[] => [
  `\`${argumentTerm(name, spec)}\``,
  plain([spec.description, ...(spec.choices ? [`one of ${spec.choices.join(', ')}`] : [])].join('; ')),
  spec.default ?? 'required',
];

const defaultOf = (flag: Flag): string => {
  if (flag.default) return `${shownDefault(flag.default)}: ${flag.default.why}`;
  return flag.value ? 'none' : 'off';
};

const flagRow = ([key, flag]: [string, Flag]): readonly string[] => [
  `\`${flagTerm(key, flag)}\``,
  plain(flag.description),
  plain(defaultOf(flag)),
];

const flagTable = (flags: Readonly<Record<string, Flag>>): string =>
  table(['flag', 'meaning', 'default'], Object.entries(flags).map(flagRow));

const usage = ({ name, command }: NamedCommand): string =>
  [
    names.program,
    name,
    ...Object.entries(command.arguments).map(([argument, spec]) => argumentTerm(argument, spec)),
    '[flags]',
  ].join(' ');

const shellBlock = (lines: readonly string[]): string => ['```sh', ...lines, '```'].join('\n');

const examples = ({ name, command }: NamedCommand): string =>
  shellBlock(command.examples.flatMap(([args, what]) => [`# ${what}`, exampleLine(name, args)]));

const output = ({ name, command }: NamedCommand): string =>
  command.schema
    ? `With \`--json\` it prints [this document](json.md#${name}).`
    : 'It prints nothing on standard output.';

const commandSection = (each: NamedCommand): string => {
  const { name, command } = each;
  const [args, flags] = [Object.entries(command.arguments), Object.entries(command.flags)];
  return [
    `### ${name}`,
    sentence(plain(command.description)),
    shellBlock([usage(each)]),
    ...(args.length ? [table(['argument', 'meaning', 'default'], args.map(argumentRow))] : []),
    ...(flags.length ? [flagTable(command.flags)] : []),
    output(each),
    examples(each),
    table(['exit code', 'meaning'], exitCodeRows(command)),
  ].join('\n\n');
};

/** Every command by group: usage, arguments, flags, examples and exit codes. */
export const commandSections = (all: readonly NamedCommand[]): string =>
  groups
    .flatMap((group) => [
      `## ${group}`,
      ...all.filter(({ command }) => command.group === group).map(commandSection),
    ])
    .join('\n\n');

/** Flags that every command takes. */
export const commonFlagTable = (): string => flagTable(commonFlags);
