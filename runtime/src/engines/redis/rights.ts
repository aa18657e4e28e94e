import { BackupError } from '../../core/errors.ts';
import type { RedisClient } from './client.ts';
import { RedisError, type Reply } from './resp.ts';

export const restoreRefused = (message: string, cause?: unknown): BackupError =>
  new BackupError('restore.refused', message, { cause });

/** Errors that say that a command is not there, renamed or forbidden, or that the server refuses it now, as MISCONF does. */
const isRefusal = (reply: Reply | RedisError): reply is RedisError =>
  reply instanceof RedisError &&
  reply.kind !== 'BUSYKEY' &&
  (reply.kind !== 'ERR' || /unknown (sub)?command|not allowed|protected config/i.test(reply.message));

/** @throws BackupError restore.refused for the first reply that says that the server does not let `name` be done */
export const throwIfRefused = (name: string, replies: readonly (Reply | RedisError)[]): void => {
  const refusal = replies.find(isRefusal);
  if (refusal) throw restoreRefused(`the server refuses ${name}: ${refusal.message}`, refusal);
};

/**
 * Sends commands in a form that changes nothing, so that what the server refuses shows before anything is changed. What it
 * says against their arguments is no refusal. @throws BackupError restore.refused
 */
export const tryOut = async (
  { attempts }: RedisClient,
  commands: readonly (readonly string[])[],
): Promise<void> => {
  for (const words of commands) throwIfRefused(words[0] ?? '', await attempts([words]));
};
