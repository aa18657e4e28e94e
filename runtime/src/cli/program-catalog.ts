import type { Command } from 'commander';
import { BackupError } from '../core/errors.ts';
import type { Tool } from './program.ts';
import {
  renderAudit,
  renderAuditReport,
  renderCheck,
  renderShown,
  type ShownEntry,
} from './render-catalog.ts';

interface CheckFlags {
  readonly repair?: boolean;
  readonly undelete?: boolean;
}

const runCheck = async (
  tool: Tool,
  target: string | undefined,
  { repair = false, undelete = false }: CheckFlags,
): Promise<void> => {
  const { check } = await import('../commands/check/check.ts');
  const report = await check(await (repair ? tool.open() : tool.look()), { target, repair, undelete });
  tool.print(report, renderCheck);
  if (!report.ok)
    throw new BackupError(
      'check.failed',
      `${report.problems} ${report.problems === 1 ? 'problem remains' : 'problems remain'}`,
    );
};

/** Entries that `audit show` prints. @default 50 - two screens */
const shownEntries = 50;

const showAudit = async (tool: Tool): Promise<void> => {
  const { readAudit } = await import('../runs/audit.ts');
  const { provenEntry } = await import('../runs/audit-entry.ts');
  const { stores, keys } = await tool.look();
  const entries: ShownEntry[] = [];
  for await (const { entry } of readAudit(stores.primary))
    if (entry) entries.push({ ...entry, proof: await provenEntry(entry, keys) });
  tool.print(entries, (all) => renderAudit(all.slice(-shownEntries)));
};

const proveAudit = async (tool: Tool): Promise<void> => {
  const { requireWhole, verifyAudit } = await import('../runs/audit-verify.ts');
  const { stores, keys, plan } = await tool.look();
  const report = await verifyAudit(stores.primary, keys, plan.environment);
  tool.print(report, renderAuditReport);
  requireWhole(report);
};

/** Commands that look into the stores. */
export const addCatalogCommands = (
  add: (usage: string, description: string) => Command,
  toolOf: (command: Command) => Tool,
): void => {
  add('show <target> [archive]', 'show all that is known of an archive (default: the newest)').action(
    async (target: string, archive: string | undefined, _flags, command: Command) => {
      const { show } = await import('../commands/show/show.ts');
      const tool = toolOf(command);
      tool.print(await show(await tool.look(), target, archive), renderShown);
    },
  );

  add('check [target]', 'compare what the stores hold with what finished runs leave')
    .option('--repair', 'mend what is safe to mend')
    .option(
      '--undelete',
      'with --repair: bring back archives that were deleted or written over in a versioned bucket',
    )
    .action((target: string | undefined, flags: CheckFlags, command: Command) =>
      runCheck(toolOf(command), target, flags),
    );

  add('audit <action>', 'show: who did what; verify: prove that the trail is whole').action(
    async (action: string, _flags, command: Command) => {
      if (action === 'show') return showAudit(toolOf(command));
      if (action === 'verify') return proveAudit(toolOf(command));
      throw new BackupError('usage.invalid', `audit can show or verify, not ${action}`);
    },
  );
};
