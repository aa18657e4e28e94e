import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { BackupError } from '../core/errors.ts';
import { renderRestorePlan } from './render.ts';
import type { RestorePlan } from './restore-plan.ts';

/** Shows what is going to happen and asks for the target's name, or `full`. @throws BackupError `restore.refused` without a terminal */
export const confirmOn =
  (stdin: Readable & { isTTY?: boolean }, output: Writable, expected: string) =>
  async (plans: readonly RestorePlan[]): Promise<boolean> => {
    if (!stdin.isTTY)
      throw new BackupError(
        'restore.refused',
        `there is no terminal to confirm on; use --force to restore ${expected} without asking`,
      );
    const prompt = createInterface({ input: stdin, output });
    output.write(`${plans.map(renderRestorePlan).join('\n')}\n`);
    const answer = await prompt.question(`Type ${expected} to go on: `);
    prompt.close();
    return answer.trim() === expected;
  };
