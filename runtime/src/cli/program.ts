import type { Readable, Writable } from 'node:stream';
import { Command, Option } from 'commander';
import { names } from '../contract/names.ts';
import { printable } from '../core/printable.ts';
import { becomeBatch } from '../core/process.ts';
import { findTarget, stoppableApp, type App } from '../session/app.ts';
import { count, port } from './option-parsers.ts';
import { addCatalogCommands } from './program-catalog.ts';
import { addRestoreCommand } from './program-restore.ts';
import type { Pruned } from '../retention/application.ts';
import type { Rekeyed } from '../commands/rekey/rekey.ts';
import { renderBackup, renderList, renderPruned, renderRekeyed, renderStatus } from './render.ts';
import type { VerifyFlags } from '../commands/verify/run-verify.ts';
import type { ServeOptions } from '../commands/serve/serve.ts';
import { verifyLevels } from '../contract/verify-levels.ts';
import { programVersion } from '../core/version.ts';

/** What the command line works with besides its arguments. */
export interface Session {
  readonly stdout: Writable;
  readonly stdin: Readable & { isTTY?: boolean };
  /** Opens plan, key ring and stores; `planFile` from `--plan`. */
  readonly open: (planFile: string | undefined) => Promise<App>;
}

interface Global {
  readonly plan?: string;
  readonly json?: boolean;
}

export interface Tool {
  readonly open: () => Promise<App>;
  /** The same for what only looks: it stops at once, whatever the stores do. */
  readonly look: () => Promise<App>;
  /** Prints a result: as JSON, or as text for people. */
  readonly print: <T>(result: T, render: (result: T) => string) => void;
}

const toolOf = (session: Session, command: Command): Tool => {
  const { plan, json } = command.optsWithGlobals<Global>();
  return {
    open: () => session.open(plan),
    look: async () => stoppableApp(await session.open(plan)),
    print: (result, render) =>
      session.stdout.write(`${printable(json ? JSON.stringify(result, null, 2) : render(result))}\n`),
  };
};

interface PruneFlags {
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

const runPrune = async (tool: Tool, name: string | undefined, flags: PruneFlags) => {
  const { pruneRun } = await import('../commands/prune/prune.ts');
  const app = await (flags.dryRun ? tool.look() : tool.open());
  const targets = name ? [findTarget(app.plan, name)] : app.plan.targets;
  const options = { dryRun: flags.dryRun ?? false, force: flags.force ?? false };
  const decisions: Pruned[] = [];
  for (const { name: target } of targets) decisions.push(...(await pruneRun(app, target, options)));
  tool.print(decisions, renderPruned);
};

const runRekey = async (tool: Tool, name: string | undefined, dryRun: boolean) => {
  const { rekey } = await import('../commands/rekey/rekey.ts');
  const { rekeyProblem } = await import('../commands/summaries.ts');
  const app = await (dryRun ? tool.look() : tool.open());
  const targets = name ? [name] : app.plan.targets.map((target) => target.name);
  const moved: Rekeyed[] = [];
  for (const target of targets) moved.push(...(await rekey(app, target, { dryRun })));
  const problem = rekeyProblem(moved);
  if (!problem || moved.some(({ failed }) => !failed)) tool.print(moved, renderRekeyed);
  if (problem) throw problem;
};

/**
 * The command line. Every command takes --help, --json and --plan, and is loaded when it runs: a file costs a job's start
 * about a millisecond.
 */
export const buildProgram = (session: Session): Command => {
  const program = new Command(names.program)
    .description('Backs up, verifies and restores the databases of a plan.')
    .version(programVersion)
    .exitOverride();

  const add = (usage: string, description: string): Command =>
    program
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON document')
      .option('--plan <file>', 'plan to work on (default: $GRILL_BACKUP_PLAN, else /config/plan.json)');

  add('backup <target>', 'dump a database into the stores').action(
    async (target: string, _flags, command: Command) => {
      const { backup } = await import('../commands/backup/backup.ts');
      const tool = toolOf(session, command);
      const app = await tool.open();
      const [result] = await Promise.all([backup(app, target), becomeBatch(app.run)]);
      tool.print(result, renderBackup);
    },
  );

  add(
    'verify [target] [archive]',
    'check archives: all, those of a target, or one; without a target a report is stored',
  )
    .addOption(
      new Option(
        '--level <level>',
        'quick: manifest, key and size; deep: every byte; drill: restored and compared (default: as the plan says)',
      ).choices(verifyLevels),
    )
    .option('--last <n>', 'how many of the newest archives of each target at this level (default: 1)', count)
    .action(
      async (
        target: string | undefined,
        archive: string | undefined,
        flags: VerifyFlags,
        command: Command,
      ) => {
        const { runVerify } = await import('../commands/verify/run-verify.ts');
        await runVerify(toolOf(session, command), target, archive, flags);
      },
    );

  addRestoreCommand(session, add, (command) => toolOf(session, command));

  add('list [target]', 'show the archives in every store').action(
    async (target: string | undefined, _flags, command: Command) => {
      const { list } = await import('../commands/list/list.ts');
      const tool = toolOf(session, command);
      tool.print(await list(await tool.look(), target), renderList);
    },
  );

  add('status', 'show each target against its objectives').action(async (_flags, command: Command) => {
    const { status } = await import('../commands/status/status.ts');
    const tool = toolOf(session, command);
    tool.print(await status(await tool.look()), renderStatus);
  });

  add('prune [target]', 'remove archives that retention no longer keeps')
    .option('--dry-run', 'show the decisions and change nothing')
    .option('--force', 'also while backups fail, and more than the plan removes at once')
    .action((target: string | undefined, flags: PruneFlags, command: Command) =>
      runPrune(toolOf(session, command), target, flags),
    );

  add('rekey [target]', "rewrite archives that an old key made under the plan's first key")
    .option('--dry-run', 'show what would be rewritten and change nothing')
    .action((target: string | undefined, flags: { dryRun?: boolean }, command: Command) =>
      runRekey(toolOf(session, command), target, flags.dryRun ?? false),
    );

  addCatalogCommands(add, (command) => toolOf(session, command));

  add('serve', 'publish metrics for Prometheus until stopped')
    .option('--port <n>', 'port to listen on (default: 9187)', port)
    .action(async (flags: ServeOptions, command: Command) => {
      const { serve } = await import('../commands/serve/serve.ts');
      await serve(await toolOf(session, command).look(), flags);
    });

  return program;
};
