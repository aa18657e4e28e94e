import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from '../contract/exit-codes.ts';
import { mounts, mountVariables } from '../contract/mounts.ts';
import { loadPlan, openApp, type App } from '../session/app.ts';
import { runProgram } from './program.ts';
import type { Ended, Session } from './run.ts';
import type { ErrorDocument } from './error-document.ts';
import type { RunContext } from '../core/context.ts';
import { BackupError, isBackupError, messageOf, unexpected } from '../core/errors.ts';
import { openLog } from '../core/log.ts';
import { partOf } from '../core/part.ts';
import { printable, printableItem } from '../core/printable.ts';
import { progressTo } from '../core/progress.ts';
import { secretFiles } from '../core/secret-files.ts';

const { env, stdout, stderr } = process;

/**
 * Aborts the run on SIGTERM (pod deletion, deadline), SIGINT, and SIGHUP (the terminal of `kubectl exec` is gone); what is
 * under way removes its partial files.
 */
const stopOnSignals = (): AbortSignal => {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => controller.abort(new Error(`received ${signal}`)));
  return controller.signal;
};

const openRun = (logLevel: string, signal: AbortSignal): RunContext => ({
  now: () => new Date(),
  randomBytes,
  log: openLog(stderr, logLevel),
  signal,
  scratchDir: tmpdir(),
  readSecret: secretFiles(env[mountVariables.secrets] ?? mounts.secrets),
  fileOf: (place, name, key) => join(env[mountVariables[place]] ?? mounts[place], name, key),
  cluster: {
    host: env['KUBERNETES_SERVICE_HOST'],
    port: Number(env['KUBERNETES_SERVICE_PORT'] ?? 443),
    accountFolder: env[mountVariables.serviceAccount] ?? mounts.serviceAccount,
  },
  part: partOf(env),
});

const openSession = (signal: AbortSignal): Session => ({
  stdout,
  stderr,
  stdin: process.stdin,
  open: async (planFile, keys): Promise<App> => {
    const plan = await loadPlan(env, planFile ?? env[mountVariables.plan]);
    const run = openRun(plan.logLevel, signal);
    return openApp(run, plan, progressTo(stderr, run.log), keys);
  },
});

const failure = (error: unknown): ErrorDocument['error'] => {
  if (isBackupError(error)) {
    const { code, message, hint, exitCode } = error;
    return { code, message, hint, exitCode };
  }
  const { hint, exit } = unexpected;
  return { code: 'unexpected', message: messageOf(error), hint, exitCode: exit };
};

/** No stack trace for a user's mistake; one for a defect, where the log level is DEBUG. */
const logFailure = (error: unknown, failed: ErrorDocument['error']): void => {
  const stack =
    !isBackupError(error) && env['LOG_LEVEL'] === 'DEBUG' && error instanceof Error
      ? { stack: error.stack }
      : {};
  if (stderr.isTTY)
    stderr.write(`error: ${printableItem(failed.message)}\nhint:  ${failed.hint} (${failed.code})\n`);
  else openLog(stderr, 'ERROR').error({ ...failed, ...stack }, `failed: ${failed.message}`);
};

const printFailure = (error: ErrorDocument['error']): void => {
  const document: ErrorDocument = { error };
  stdout.write(`${printable(JSON.stringify(document, null, 2))}\n`);
};

/** With `--json` standard output is one document: the result where there is one, else the error. */
const report = (error: unknown, printed: boolean, json: boolean): number => {
  const failed = failure(error);
  logFailure(error, failed);
  if (json && !printed) printFailure(failed);
  return failed.exitCode;
};

/** Help, or a command line that cannot be read: commander has printed it for people. */
const refused = ({ exitCode, message }: CommanderError, json: boolean): number => {
  if (exitCode === 0) return exitCodes.ok;
  const error = new BackupError('usage.invalid', message.replace(/^error: /, ''));
  if (json) printFailure(failure(error));
  return error.exitCode;
};

const main = async (args: readonly string[]): Promise<number> => {
  const json = args.includes('--json');
  try {
    const { printed, problem }: Ended = await runProgram(openSession(stopOnSignals()), args);
    return problem ? report(problem, printed, json) : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return refused(error, json);
    return report(error, false, json);
  }
};

process.exit(await main(process.argv.slice(2)));
