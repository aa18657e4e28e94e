import type { z } from 'zod';
import type { ExitCodeName } from '../contract/exit-codes.ts';
import type { Outcome } from '../core/outcome.ts';
import type { App } from '../session/app.ts';

/** Headings of `--help` and of docs/reference/cli.md, in their order. */
export const groups = ['Backups', 'Recovery', 'Care of the stores', 'Monitoring'] as const;

/** An argument by position. */
export interface Argument {
  readonly description: string;
  /** What is meant where it is left out. Absent: it must be given. */
  readonly default?: string;
  readonly choices?: readonly string[];
}

/** What holds without a flag: a value, or words for what is only known later; and the reason. */
export type Default =
  | { readonly value: number | string; readonly why: string }
  | { readonly words: string; readonly why: string };

/** A flag; its name in kebab-case is its key in the table. */
export interface Flag {
  readonly description: string;
  /** Name of its value, `n`; `part...` takes several. Absent: a switch, which is off by default. */
  readonly value?: string;
  /** Absent: nothing. */
  readonly default?: Default;
  readonly choices?: readonly string[];
  /** Reads the value. @throws InvalidArgumentError. @default the text */
  readonly parse?: (text: string) => unknown;
}

type Arguments = Readonly<Record<string, Argument>>;
type Flags = Readonly<Record<string, Flag>>;

type TextOf<Spec> = Spec extends { readonly choices: readonly (infer Choice)[] } ? Choice : string;
type ValueOf<Spec> = Spec extends { readonly parse: (text: string) => infer Value }
  ? Value
  : Spec extends { readonly value: `${string}...` }
    ? readonly string[]
    : TextOf<Spec>;

type ArgumentValue<Spec> = Spec extends { readonly default: string }
  ? TextOf<Spec> | undefined
  : TextOf<Spec>;
type FlagValue<Spec> = Spec extends { readonly value: string }
  ? Spec extends { readonly default: { readonly value: unknown } }
    ? ValueOf<Spec>
    : ValueOf<Spec> | undefined
  : boolean;

/** Arguments and flags of a command line, as the tables of the command describe them. */
type Input<A, F> = { readonly [Name in keyof A]: ArgumentValue<A[Name]> } & {
  readonly [Name in keyof F]: FlagValue<F[Name]>;
};

/** What a command works with besides its input. */
export interface Tool {
  /** Opens plan, keys and stores. */
  readonly open: () => Promise<App>;
  /** The same for what only looks: it stops at once, whatever the stores do. */
  readonly look: () => Promise<App>;
  /** As `look`, with keys that prove what the stores hold and decrypt none of it. */
  readonly watch: () => Promise<App>;
  /** Shows a text and asks for a word; `action` is what `--force` does without asking. @throws BackupError `restore.refused` */
  readonly ask: (text: string, word: string, action: string) => Promise<boolean>;
}

interface Description<A extends Arguments = Arguments, F extends Flags = Flags> {
  readonly group: (typeof groups)[number];
  /** One sentence without a full stop: what the command does. */
  readonly description: string;
  readonly arguments: A;
  readonly flags: F;
  /** Arguments after the command's name, and what they do. */
  readonly examples: readonly (readonly [args: string, what: string])[];
  /** Codes that the command can end with, besides those of every command. */
  readonly exitCodes: readonly ExitCodeName[];
}

/**
 * A command: parser, `--help`, docs/reference and the check of its JSON follow from it. What describes it is cheap to load;
 * what does its work is imported when it runs.
 */
export interface CommandSpec<A extends Arguments, F extends Flags, S extends z.ZodType> extends Description<
  A,
  F
> {
  /** Shape of the result, as `--json` prints it. Absent: the command prints none. */
  readonly schema?: () => Promise<S>;
  /** The result for people. */
  readonly text?: () => Promise<(result: z.output<S>) => string>;
  readonly run: (input: Input<A, F>, tool: Tool) => Promise<Outcome<z.output<S>>>;
}

/** A command whose types were checked. */
export interface Command extends Description {
  readonly schema?: () => Promise<z.ZodType>;
  readonly text?: () => Promise<(result: never) => string>;
  readonly run: (input: never, tool: Tool) => Promise<Outcome<unknown>>;
}

/** Checks that input, work, schema and text of a command fit together. */
export const defineCommand = <
  const A extends Arguments,
  const F extends Flags,
  S extends z.ZodType = z.ZodType<undefined>,
>(
  spec: CommandSpec<A, F, S>,
): Command => spec;

/** Codes that every command can end with. */
export const commonExitCodes = ['ok', 'unexpected', 'usage'] as const satisfies readonly ExitCodeName[];

/** Flags that every command takes. */
export const commonFlags = {
  json: { description: 'print one JSON document' },
  plan: {
    description: 'plan to work on',
    value: 'file',
    default: { words: '$GRILL_BACKUP_PLAN, else /config/plan.json', why: 'where a pod has it' },
  },
} as const satisfies Flags;
