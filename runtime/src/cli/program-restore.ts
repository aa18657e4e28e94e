import type { Command } from 'commander';
import { allTargets } from '../contract/names.ts';
import { BackupError } from '../core/errors.ts';
import { askOn, confirmOn } from './confirm.ts';
import { count, label } from './option-parsers.ts';
import type { Session, Tool } from './program.ts';

interface RestoreFlags {
  readonly only?: readonly string[];
  readonly into?: string;
  readonly fromTarget?: string;
  readonly fromEnvironment?: string;
  readonly jobs?: number;
  readonly merge?: boolean;
  readonly test?: boolean;
  readonly stopServices?: boolean;
  readonly accept?: readonly string[];
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

interface CleanupFlags {
  readonly kept?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
}

/** Combinations that make no sense: what is wrong with each. */
const contradictions = (
  target: string,
  archive: string | undefined,
  { only, into, merge, test, stopServices, fromTarget }: RestoreFlags,
): readonly (readonly [boolean, string])[] => [
  [
    target === allTargets && archive !== undefined,
    'restore full takes the newest archive of each target, not a named one',
  ],
  [
    target === allTargets && fromTarget !== undefined,
    '--from-target names whose archive one target gets; name that target',
  ],
  [
    target === allTargets && (only ?? into ?? merge) !== undefined,
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
    .option(
      '--from-target <name>',
      'take the archives of this target, as after a new name; also one that is not in the plan',
      label,
    )
    .option('--from-environment <name>', 'take archives that the plan of this environment made', label)
    .option('--jobs <n>', 'PostgreSQL: restore with this many jobs (default: 1)', count)
    .option('--merge', 'Redis: write keys over the live ones and remove none')
    .option('--test', 'restore into a scratch server, compare, and throw it away; live data is not touched')
    .option('--stop-services', 'scale what uses the targets, as the plan names it, to 0, and back afterwards')
    .option(
      '--accept <what...>',
      'go on although the restore was refused for this: the refusal names the word for it',
    )
    .option('--dry-run', 'show what would happen and change nothing')
    .option('--force', 'do not ask')
    .action(async (target: string, archive: string | undefined, flags: RestoreFlags, command: Command) => {
      checkFlags(target, archive, flags);
      const { runRestore } = await import('../commands/restore/run-restore.ts');
      const { fromTarget, fromEnvironment } = flags;
      const { only, into, jobs, merge, accept, stopServices } = flags;
      const { test = false, dryRun = false, force = false } = flags;
      const confirm = force ? () => Promise.resolve(true) : confirmOn(stdin, stdout, target);
      await runRestore(toolOf(command), target, {
        ...{ archive, only, into, jobs, merge, accept, stopServices, fromTarget, fromEnvironment },
        ...{ test, dryRun, confirm },
      });
    });
  add('cleanup <target>', "remove from a target's server what killed restores left there")
    .option('--kept', 'also what restores replaced, and kept for their undo')
    .option('--dry-run', 'show what is there and change nothing')
    .option('--force', 'do not ask')
    .action(async (target: string, flags: CleanupFlags, command: Command) => {
      const { runCleanup } = await import('../commands/cleanup/run-cleanup.ts');
      const { kept = false, dryRun = false, force = false } = flags;
      const ask = askOn(stdin, stdout, target, 'remove it');
      const confirm = force ? () => Promise.resolve(true) : ask;
      await runCleanup(toolOf(command), target, { kept, dryRun, confirm });
    });
  add('start-services', 'scale up again what a restore that was killed left at 0').action(
    async (_flags, command: Command) => {
      const { runStartServices } = await import('../commands/restore/run-restore.ts');
      await runStartServices(toolOf(command));
    },
  );
};
