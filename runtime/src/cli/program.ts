import { Command as Program } from 'commander';
import { names } from '../contract/names.ts';
import { mustExist } from '../core/must-exist.ts';
import { programVersion } from '../core/version.ts';
import type { Command } from './command.ts';
import { addCommand } from './parser.ts';
import { carryOut, type Ended, type Session } from './run.ts';

/** Commands by name, each loaded when it is needed: a file costs a job's start about a millisecond. */
export type Commands = Readonly<Record<string, () => Promise<{ readonly command: Command }>>>;

/** Every command, one line each, in the order of `--help`. */
export const commands: Commands = {
  backup: () => import('../commands/backup/cli.ts'),
  base: () => import('../commands/base/cli.ts'),
  receive: () => import('../commands/receive/cli.ts'),
  list: () => import('../commands/list/cli.ts'),
  show: () => import('../commands/show/cli.ts'),
  restore: () => import('../commands/restore/cli.ts'),
  cleanup: () => import('../commands/cleanup/cli.ts'),
  'start-services': () => import('../commands/start-services/cli.ts'),
  verify: () => import('../commands/verify/cli.ts'),
  check: () => import('../commands/check/cli.ts'),
  prune: () => import('../commands/prune/cli.ts'),
  rekey: () => import('../commands/rekey/cli.ts'),
  status: () => import('../commands/status/cli.ts'),
  wal: () => import('../commands/wal/cli.ts'),
  audit: () => import('../commands/audit/cli.ts'),
  serve: () => import('../commands/serve/cli.ts'),
  console: () => import('../commands/console/cli.ts'),
  'verification-keys': () => import('../commands/verification-keys/cli.ts'),
};

/** The command that the arguments name, or all where they name none: for help, and for what is mistyped. */
const namedIn = ([name = '']: readonly string[], known: Commands): readonly string[] =>
  Object.hasOwn(known, name) ? [name] : Object.keys(known);

/** Reads the command line and does what it asks for. @throws CommanderError after help and for what cannot be read */
export const runProgram = async (
  session: Session,
  args: readonly string[],
  known: Commands = commands,
): Promise<Ended> => {
  let ended: Ended = { printed: false };
  const program = new Program(names.program)
    .description('Backs up, verifies and restores the databases of a plan.')
    .version(programVersion)
    .commandsGroup('Help:')
    .configureOutput({
      writeOut: (text) => session.stdout.write(text),
      writeErr: (text) => session.stderr.write(text),
    })
    .exitOverride();
  for (const name of namedIn(args, known)) {
    const { command } = await mustExist(known[name], `command ${name}`)();
    addCommand(program, name, command, async (input, common) => {
      ended = await carryOut(session, command, input, common);
    });
  }
  await program.parseAsync(args, { from: 'user' });
  return ended;
};
