import { parseArgs } from 'node:util';
import { exitCodes } from '../../runtime/src/contract/exit-codes.ts';
import { BackupError, isBackupError } from '../../runtime/src/core/errors.ts';
import { grades, type Grade, type Graded } from './change.ts';
import { markdown } from './markdown.ts';
import { review } from './review.ts';
import { terminal } from './terminal.ts';

const usage = `npm run diff [-- [options] [revision]]
Says what changed in the synthesized objects since a git revision, and how risky each change is.

  revision           @default where this branch left origin/main; HEAD where there is no such branch
  --format FORMAT    terminal, markdown or json (default: terminal)
  --fail-on GRADE    exit with ${exitCodes.unexpected} for a change of this grade or a worse one: ${grades.join(', ')}
  --help
`;

const formats = {
  terminal: (changes: readonly Graded[], base: string) =>
    terminal(changes, base, process.stdout.isTTY && !process.env['NO_COLOR']),
  markdown,
  json: (changes: readonly Graded[], base: string) => `${JSON.stringify({ base, changes }, undefined, 2)}\n`,
} as const;

const oneOf = <T extends string>(option: string, allowed: readonly T[], value: string): T => {
  const found = allowed.find((candidate) => candidate === value);
  if (found) return found;
  throw new BackupError('usage.invalid', `--${option} ${value}: expected one of ${allowed.join(', ')}`);
};

const parse = (args: readonly string[]) => {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        format: { type: 'string', default: 'terminal' },
        'fail-on': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new BackupError('usage.invalid', (error as Error).message, { cause: error });
  }
};

const reaches = (changes: readonly Graded[], limit: Grade): boolean =>
  changes.some(({ grade }) => grades.indexOf(grade) <= grades.indexOf(limit));

const main = (args: readonly string[], folder: string): void => {
  const { values, positionals } = parse(args);
  if (values.help) return void process.stdout.write(usage);
  const format = oneOf('format', Object.keys(formats) as (keyof typeof formats)[], values.format);
  const limit = values['fail-on'] === undefined ? undefined : oneOf('fail-on', grades, values['fail-on']);
  const { base, changes } = review(folder, positionals[0]);
  process.stdout.write(formats[format](changes, base));
  if (limit && reaches(changes, limit)) process.exitCode = exitCodes.unexpected;
};

try {
  main(process.argv.slice(2), process.cwd());
} catch (error) {
  if (!isBackupError(error)) throw error;
  process.stderr.write(`${error.message}\nhint: ${error.hint}\n`);
  process.exitCode = exitCodes.usage;
}
