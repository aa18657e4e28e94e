import { BackupError } from '../../core/errors.ts';
import type { RedisClient } from './client.ts';
import { RedisError } from './resp.ts';

/** Kinds of error replies that say that a command is not there, renamed or forbidden, or that the server refuses it now. */
const isRefusal = ({ kind, message }: RedisError): boolean =>
  !(kind === 'ERR') || /unknown (sub)?command|not allowed|immutable|protected config/i.test(message);

export const restoreRefused = (message: string, cause?: unknown): BackupError =>
  new BackupError('restore.refused', message, { cause });

/**
 * Commands in a form that changes nothing, so that a right or a command that is missing shows before anything is changed.
 * What a server says against their arguments is no refusal.
 */
export const tryOut = async (
  { command }: RedisClient,
  commands: readonly (readonly string[])[],
): Promise<void> => {
  for (const words of commands)
    try {
      await command(...words);
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      if (isRefusal(error)) throw restoreRefused(`the server refuses ${words[0]}: ${error.message}`, error);
    }
};
