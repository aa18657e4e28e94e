import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './environments.ts';

/** Every command of the description that the product started from, word for word, in its order. */
export const seedCommands: readonly string[] = readFileSync(
  join(root, 'test/fixtures/seed-commands.txt'),
  'utf8',
)
  .trimEnd()
  .split('\n');

/** Words of a command line whose only quotes are double ones. */
export const words = (line: string): readonly string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);

/** What runs in the restore pod; nothing for commands that run elsewhere. */
export const inRestorePod = (command: string): readonly string[] | undefined => {
  const [kubectl, inside] = command.split(' -- ');
  return inside && kubectl!.includes(' exec ') ? words(inside) : undefined;
};
