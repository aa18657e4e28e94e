import type { Command } from 'commander';
import { BackupError } from '../core/errors.ts';
import type { App } from './app.ts';
import { confirmOn } from './confirm.ts';
import { count } from './count.ts';
import type { Session, Tool } from './program.ts';
import { renderRestore, renderStarted } from './render.ts';
import { restore, type RestoreOutcome } from './restore.ts';
import type { RestoreOptions } from './restore-plan.ts';
import {
  buildRestoreReport,
  renderRestoreReport,
  storeRestoreReport,
  type RestoreReport,
} from './restore-report.ts';
import { requireUp, startServices } from './stop-services.ts';

interface RestoreFlags {
  readonly only?: readonly string[];
  readonly into?: string;
  readonly jobs?: number;
  readonly merge?: boolean;
  readonly test?: boolean;
  readonly stopServices?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Word for the restore of every target, in the plan's order. */
const all = 'full';

/** Combinations that make no sense: what is wrong with each. */
const contradictions = (
  target: string,
  archive: string | undefined,
  { only, into, merge, test, stopServices }: RestoreFlags,
): readonly (readonly [boolean, string])[] => [
  [
    target === all && archive !== undefined,
    'restore full takes the newest archive of each target, not a named one',
  ],
  [
    target === all && (only ?? into ?? merge) !== undefined,
    '--only, --into and --merge are about one target; name it',
  ],
  [Boolean(into && test), '--into names what is kept, --test keeps nothing; use one of them'],
  [Boolean(into && merge), '--into leaves the live data alone, --merge writes over it; use one of them'],
  [
    Boolean(stopServices && (test || into)),
    '--stop-services is for a restore that touches live data; --test and --into touch none',
  ],
  [Boolean(merge && test), '--merge needs live data, --test touches none; use one of them'],
];

const checkFlags = (target: string, archive: string | undefined, flags: RestoreFlags): void => {
  const found = contradictions(target, archive, flags).find(([holds]) => holds);
  if (found) throw new BackupError('usage.invalid', found[1]);
};

/** The error of the target that failed, with what was done before and what was not. */
const incomplete = ({ restored, failed, notBegun }: RestoreReport, cause: unknown): BackupError => {
  const done = restored.map(({ target }) => target).join(', ') || 'none';
  const open = notBegun.length ? `; not begun: ${notBegun.join(', ')}` : '';
  const message = `${failed!.target}: ${failed!.message}; restored before: ${done}${open}`;
  return new BackupError('restore.incomplete', message, { cause });
};

const finish = async (tool: Tool, app: App, startedAt: Date, outcome: RestoreOutcome): Promise<void> => {
  const report = buildRestoreReport(app, startedAt, outcome);
  await storeRestoreReport(app, report);
  tool.print(report, renderRestoreReport);
  if (outcome.failed) throw incomplete(report, outcome.failed.error);
  requireUp(outcome.servicesDown);
};

const runRestore = async (tool: Tool, target: string, options: RestoreOptions): Promise<void> => {
  const app = await tool.open();
  const startedAt = app.run.now();
  const targets = target === all ? app.plan.targets.map(({ name }) => name) : [target];
  const outcome = await restore(app, targets, options);
  if (target === all && !options.dryRun) return finish(tool, app, startedAt, outcome);
  if (outcome.failed) throw outcome.failed.error;
  tool.print(outcome.results, (results) => results.map(renderRestore).join('\n'));
  requireUp(outcome.servicesDown);
};

/** The command that brings data back. */
export const addRestoreCommand = (
  { stdin, stdout }: Session,
  add: (usage: string, description: string) => Command,
  toolOf: (command: Command) => Tool,
): void => {
  add(
    `restore <target> [archive]`,
    'restore a target, or "full" for all; the archive is a name, path or s3:// address (default: the newest)',
  )
    .option(
      '--only <part...>',
      'only these: a table (schema.table), a bucket (org/bucket) or InfluxDB database, a Redis database (db0) or key pattern',
    )
    .option('--into <name>', 'under a new name beside the live data, which is not touched')
    .option('--jobs <n>', 'PostgreSQL: restore with this many jobs (default: 1)', count)
    .option('--merge', 'Redis: write keys over the live ones and remove none')
    .option('--test', 'restore into a scratch server, compare, and throw it away; live data is not touched')
    .option('--stop-services', 'scale what uses the targets, as the plan names it, to 0, and back afterwards')
    .option('--dry-run', 'show what would happen and change nothing')
    .option('--force', 'do not ask')
    .action((target: string, archive: string | undefined, flags: RestoreFlags, command: Command) => {
      checkFlags(target, archive, flags);
      const { only, into, jobs, merge, stopServices, test = false, dryRun = false, force = false } = flags;
      const confirm = force ? () => Promise.resolve(true) : confirmOn(stdin, stdout, target);
      return runRestore(toolOf(command), target, {
        ...{ archive, only, into, jobs, merge, stopServices },
        ...{ test, dryRun, confirm },
      });
    });
  add('start-services', 'scale up again what a restore that was killed left at 0').action(
    async (_flags, command: Command) => {
      const tool = toolOf(command);
      const result = await startServices(await tool.open());
      tool.print(result, renderStarted);
      requireUp(result.down);
    },
  );
};
