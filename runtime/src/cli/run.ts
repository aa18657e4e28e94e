import type { Readable, Writable } from 'node:stream';
import type { BackupError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import { stoppableApp, type App, type KeySource } from '../session/app.ts';
import type { Command, Tool } from './command.ts';
import type { CommonInput } from './parser.ts';

/** What the command line works with besides its arguments. */
export interface Session {
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly stdin: Readable & { isTTY?: boolean };
  /** Opens plan, key ring and stores; `planFile` from `--plan`. */
  readonly open: (planFile: string | undefined, keys?: KeySource) => Promise<App>;
}

/** How a command ended that did not throw. */
export interface Ended {
  /** Standard output has the result: it is one document, so no error follows it there. */
  readonly printed: boolean;
  readonly problem?: BackupError | undefined;
}

const toolOf = ({ open, stdin, stdout }: Session, plan: string | undefined): Tool => ({
  open: () => open(plan),
  look: async () => stoppableApp(await open(plan)),
  watch: async () => stoppableApp(await open(plan, 'verification-keys')),
  ask: async (text, word, action) => {
    const { askOn } = await import('./confirm.ts');
    return askOn(stdin, stdout, word, action)(text);
  },
});

const textOf = async ({ text }: Command, result: unknown, json: boolean): Promise<string> => {
  if (json || !text) return JSON.stringify(result, null, 2);
  return (await text())(result as never);
};

/** Runs a command and prints its result, as JSON or as text for people. */
export const carryOut = async (
  session: Session,
  command: Command,
  input: Readonly<Record<string, unknown>>,
  { json, plan }: CommonInput,
): Promise<Ended> => {
  const { result, problem } = await command.run(input as never, toolOf(session, plan));
  const printed = result !== undefined;
  if (printed) session.stdout.write(`${printable(await textOf(command, result, json))}\n`);
  return { printed, problem };
};
