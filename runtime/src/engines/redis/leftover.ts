import type { RunContext } from '../../core/context.ts';
import { messageOf } from '../../core/errors.ts';
import type { Leftover } from '../engine.ts';
import { connectWhenLoaded, sourceError, whenLoaded, type RedisClient, type RedisSource } from './client.ts';
import { infoOf, readSetting, type Info } from './info.ts';
import { RedisError } from './resp.ts';

/**
 * Settings that differ while a server follows a restore, in the order in which they are changed. The first holds the
 * record of all, so it is put back last. A replica that takes writes could not be compared.
 */
const changed = ['masterauth', 'masteruser', 'replica-read-only'] as const;

/** What a server had before a restore. */
export interface Before {
  readonly settings: Readonly<Record<string, string>>;
  /** Differs after each start of the server. */
  readonly runId: string;
}

/** The password of a restore's primary carries what was before, so that the next run can put it back where this one is killed. */
const mark = 'grill-backup-restore:';

export const markedPassword = (random: Buffer, { settings, runId }: Before): string =>
  `${mark}${random.toString('hex')}:${Buffer.from(JSON.stringify({ ...settings, runId })).toString('base64')}`;

/** True for the masterauth of a server that a restore holds, or held until it was killed. */
export const isHeld = (password: string): boolean => password.startsWith(mark);

const beforeIn = (password: string): Before | undefined => {
  if (!isHeld(password)) return undefined;
  const text = Buffer.from(password.slice(password.lastIndexOf(':') + 1), 'base64').toString('utf8');
  const { runId = '', ...settings } = JSON.parse(text) as Record<string, string>;
  return { settings, runId };
};

export const readBefore = async (client: RedisClient, runId: string): Promise<Before> => {
  const settings: Record<string, string> = {};
  for (const name of changed) settings[name] = await readSetting(client, name);
  return { settings, runId };
};

/** Makes the server follow a primary that asks for this password. */
export const follow = async (
  { command }: RedisClient,
  password: string,
  host: string,
  port: number,
): Promise<void> => {
  const meanwhile = { masterauth: password, masteruser: '', 'replica-read-only': 'yes' };
  for (const name of changed) await command('CONFIG', 'SET', name, meanwhile[name]);
  await command('REPLICAOF', host, `${port}`);
};

/**
 * Every step is tried, whatever became of the others, but the record stays where one failed. A server that loads data
 * takes settings, and keeps its role. @throws Error that names those that failed, without any value
 */
export const release = async ({ command }: RedisClient, { settings }: Before): Promise<void> => {
  const failed: string[] = [];
  const step = (words: readonly string[], name: string) =>
    whenLoaded(() => command(...words)).catch((error: unknown) =>
      failed.push(`${name}: ${messageOf(error)}`),
    );
  await step(['REPLICAOF', 'NO', 'ONE'], 'REPLICAOF NO ONE');
  for (const [name, value] of Object.entries(settings).toReversed())
    if (name !== changed[0] || failed.length === 0)
      await step(['CONFIG', 'SET', name, value], `CONFIG SET ${name}`);
  if (failed.length) throw new Error(failed.join('; '));
};

/** What a server says that was started again meanwhile, so that it has the record from its own configuration file. */
const rewritten = 'CONFIG REWRITE wrote settings of the restore to its configuration file';

const rewrite = async (context: RunContext, client: RedisClient, target: string): Promise<void> => {
  const problem = await client.command('CONFIG', 'REWRITE').then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  if (problem === undefined) context.log.warn({ target }, `${rewritten}; it holds the former settings again`);
  else
    context.log.error(
      { target, problem },
      `${rewritten}; run CONFIG REWRITE to have the former settings in it`,
    );
};

/** Who may not read it has never restored. */
const heldPassword = (client: RedisClient): Promise<string> =>
  readSetting(client, 'masterauth').catch((error: unknown) => {
    if (error instanceof RedisError) return '';
    throw error;
  });

const recoverWith = async (context: RunContext, client: RedisClient, target: string): Promise<boolean> => {
  const before = beforeIn(await heldPassword(client));
  if (!before) return false;
  await release(client, before);
  context.log.warn({ target }, 'freed the server from a restore that was killed');
  if (before.runId && (await infoOf(client)).run_id !== before.runId) await rewrite(context, client, target);
  return true;
};

/**
 * Frees a server that a killed restore left as the replica of a primary that is gone, and puts its settings back; true if
 * there was something to do. @throws BackupError source.*
 */
export const recover = async (context: RunContext, source: RedisSource): Promise<boolean> => {
  const client = await connectWhenLoaded(context, source);
  try {
    return await recoverWith(context, client, source.name);
  } catch (error) {
    throw sourceError(context, source, error, 'restore.failed');
  } finally {
    client.close();
  }
};

/** Of a restore that is under way, with which nothing may be done. */
const isRunning = ({ master_link_status: link, master_sync_in_progress: syncing }: Info): boolean =>
  link === 'up' || syncing === '1';

/** The role and the settings that a killed restore left; `remove` puts them back. */
export const leftovers = async (context: RunContext, source: RedisSource): Promise<readonly Leftover[]> => {
  const client = await connectWhenLoaded(context, source);
  try {
    if (!isHeld(await heldPassword(client)) || isRunning(await infoOf(client))) return [];
    const name = `role of a replica and ${changed.join(', ')} of redis ${source.name}`;
    return [{ name, kind: 'unfinished', remove: () => recover(context, source).then(() => {}) }];
  } catch (error) {
    throw sourceError(context, source, error, 'source.unreachable');
  } finally {
    client.close();
  }
};
