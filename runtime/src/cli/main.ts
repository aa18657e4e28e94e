import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { exitCodes } from '../contract/exit-codes.ts';
import { mounts, mountVariables } from '../contract/mounts.ts';
import { loadPlan, openApp, type App } from '../session/app.ts';
import { buildProgram, type Session } from './program.ts';
import type { RunContext } from '../core/context.ts';
import { isBackupError, messageOf, unexpected, type FailureCode } from '../core/errors.ts';
import { openLog } from '../core/log.ts';
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
});

const openSession = (signal: AbortSignal): Session => ({
  stdout,
  stdin: process.stdin,
  open: async (planFile): Promise<App> => {
    const plan = await loadPlan(env, planFile ?? env[mountVariables.plan]);
    const run = openRun(plan.logLevel, signal);
    return openApp(run, plan, progressTo(stderr, run.log));
  },
});

const failure = (error: unknown) => {
  if (isBackupError(error))
    return { code: error.code, message: error.message, hint: error.hint, exitCode: error.exitCode };
  const { hint, exit } = unexpected;
  return { code: 'unexpected', message: messageOf(error), hint, exitCode: exit };
};

/** Their report is the JSON document already. */
const withReport: readonly FailureCode[] = [
  'verification.failed',
  'verification.incomplete',
  'check.failed',
  'audit.broken',
  'restore.incomplete',
  'service.down',
];

/** No stack trace for a user's mistake; one for a defect, where the log level is DEBUG. */
const report = (error: unknown, json: boolean): number => {
  const { exitCode, ...fields } = failure(error);
  const stack =
    !isBackupError(error) && env['LOG_LEVEL'] === 'DEBUG' && error instanceof Error
      ? { stack: error.stack }
      : {};
  if (stderr.isTTY)
    stderr.write(`error: ${printableItem(fields.message)}\nhint:  ${fields.hint} (${fields.code})\n`);
  else openLog(stderr, 'ERROR').error({ ...fields, ...stack, exitCode }, `failed: ${fields.message}`);
  const reported = isBackupError(error) && withReport.includes(error.code);
  if (json && !reported)
    stdout.write(`${printable(JSON.stringify({ error: { ...fields, exitCode } }, null, 2))}\n`);
  return exitCode;
};

const main = async (args: readonly string[]): Promise<number> => {
  try {
    await buildProgram(openSession(stopOnSignals())).parseAsync(args, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    return report(error, args.includes('--json'));
  }
};

process.exit(await main(process.argv.slice(2)));
