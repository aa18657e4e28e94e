import { z } from 'zod';
import { errorDocumentSchema } from '../../runtime/src/cli/error-document.ts';
import { exitCodesOf } from '../../runtime/src/cli/exit-code-rows.ts';
import { commands } from '../../runtime/src/cli/program.ts';
import { exitCodes } from '../../runtime/src/contract/exit-codes.ts';

/** What a run of the command line left. */
interface Left {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
}

/** The one document that `--json` prints. @throws Error where it is not what the schema of the command says */
const checkDocument = async (name: string, stdout: string): Promise<void> => {
  const document: unknown = JSON.parse(stdout);
  const failed = typeof document === 'object' && document !== null && 'error' in document;
  const schema = failed ? errorDocumentSchema : await (await commands[name]!()).command.schema?.();
  const { error } = schema?.safeParse(document) ?? {};
  if (error) throw new Error(`${name} --json is not what its schema says:\n${z.prettifyError(error)}`);
};

/**
 * Checks what every run must keep: its command says that it can end so, and with `--json` standard output is one document
 * of its schema, or of an error.
 */
export const checkContract = async (args: readonly string[], { code, stdout }: Left): Promise<void> => {
  const [name = ''] = args;
  if (code === null || !Object.hasOwn(commands, name) || args.includes('--help')) return;
  const { command } = await commands[name]!();
  const possible = exitCodesOf(command).map((each) => exitCodes[each] as number);
  if (!possible.includes(code))
    throw new Error(`${name} ended with ${code}, and says only ${possible.join(', ')}`);
  if (args.includes('--json') && stdout) await checkDocument(name, stdout);
};
