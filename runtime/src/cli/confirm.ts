import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { BackupError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';

type Terminal = Readable & { isTTY?: boolean };

/** Shows a text and asks for a word; `action` is what `--force` does without asking. @throws BackupError `restore.refused` without a terminal */
export const askOn =
  (stdin: Terminal, output: Writable, expected: string, action: string) =>
  async (text: string): Promise<boolean> => {
    if (!stdin.isTTY)
      throw new BackupError(
        'restore.refused',
        `there is no terminal to confirm on; use --force to ${action} without asking`,
      );
    const prompt = createInterface({ input: stdin, output });
    output.write(`${printable(text)}\n`);
    const answer = await prompt.question(`Type ${expected} to continue: `);
    prompt.close();
    return answer.trim() === expected;
  };
