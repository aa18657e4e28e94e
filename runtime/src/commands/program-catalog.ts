import type { Command } from 'commander';
import { BackupError } from '../core/errors.ts';
import { check } from './check.ts';
import type { Tool } from './program.ts';
import { renderCheck, renderShown } from './render-catalog.ts';
import { show } from './show.ts';

const runCheck = async (tool: Tool, target: string | undefined, repair: boolean): Promise<void> => {
  const report = await check(await tool.open(), { target, repair });
  tool.print(report, renderCheck);
  if (!report.ok)
    throw new BackupError(
      'check.failed',
      `${report.problems} ${report.problems === 1 ? 'problem remains' : 'problems remain'}`,
    );
};

/** Commands that look into the stores. */
export const addCatalogCommands = (
  add: (usage: string, description: string) => Command,
  toolOf: (command: Command) => Tool,
): void => {
  add('show <target> [archive]', 'show all that is known of an archive (default: the newest)').action(
    async (target: string, archive: string | undefined, _flags, command: Command) => {
      const tool = toolOf(command);
      tool.print(await show(await tool.open(), target, archive), renderShown);
    },
  );

  add('check [target]', 'compare what the stores hold with what finished runs leave')
    .option('--repair', 'mend what is safe to mend')
    .action((target: string | undefined, flags: { repair?: boolean }, command: Command) =>
      runCheck(toolOf(command), target, flags.repair ?? false),
    );
};
