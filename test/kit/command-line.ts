import { runProgram } from '../../runtime/src/cli/program.ts';
import { exitCodes } from '../../runtime/src/contract/exit-codes.ts';
import { isBackupError, type BackupError } from '../../runtime/src/core/errors.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { checkContract } from './cli-contract.ts';
import { silentSession } from './session.ts';

/** What a command left that ran inside the test's own process. */
export interface CommandResult {
  readonly stdout: string;
  /** What it failed with, after its result or instead of it. */
  readonly problem: BackupError | undefined;
}

/** Runs a command line on an app, and checks its exit code and JSON against what the command says of itself. */
export const runOn = async (app: App, ...args: readonly string[]): Promise<CommandResult> => {
  const { session, stdout } = silentSession(() => Promise.resolve(app));
  const { problem } = await runProgram(session, args).catch((error: unknown) => {
    if (!isBackupError(error)) throw error;
    return { problem: error };
  });
  await checkContract(args, { code: problem?.exitCode ?? exitCodes.ok, stdout: stdout() });
  return { stdout: stdout(), problem };
};

/** As `runOn`, with the document that `--json` prints. */
export const jsonOn = async (app: App, ...args: readonly string[]) => {
  const { stdout, problem } = await runOn(app, ...args, '--json');
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into any document
  const json: any = stdout === '' ? undefined : JSON.parse(stdout);
  return { json, problem };
};
