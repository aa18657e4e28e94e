import type { RunContext } from '../../core/context.ts';
import { connectWhenLoaded, type RedisClient, type RedisSource } from './client.ts';
import type { Reply } from './resp.ts';

/** Settings under which a server connects to its primary. */
export interface Settings {
  readonly masterauth: string;
  readonly masteruser: string;
}

/**
 * The password of a restore's primary. It carries the settings that it takes the place of, so that the next run can put
 * them back where this one is killed.
 */
const mark = 'grill-backup-restore:';

export const markedPassword = (random: Buffer, before: Settings): string =>
  `${mark}${random.toString('hex')}:${Buffer.from(JSON.stringify(before)).toString('base64')}`;

const settingsIn = (password: string): Settings | undefined => {
  if (!password.startsWith(mark)) return undefined;
  return JSON.parse(Buffer.from(password.split(':').at(-1)!, 'base64').toString('utf8')) as Settings;
};

export const readSetting = async ({ command }: RedisClient, name: string): Promise<string> =>
  `${((await command('CONFIG', 'GET', name)) as readonly Reply[])[1] ?? ''}`;

/** Makes the server a primary again, with the settings that it had. */
export const release = async ({ command }: RedisClient, before: Settings): Promise<void> => {
  await command('REPLICAOF', 'NO', 'ONE');
  await command('CONFIG', 'SET', 'masterauth', before.masterauth, 'masteruser', before.masteruser);
};

/** Frees a server that a killed restore left as the replica of a primary that is gone. */
export const recover = async (context: RunContext, source: RedisSource): Promise<void> => {
  const client = await connectWhenLoaded(context, source);
  try {
    const before = settingsIn(await readSetting(client, 'masterauth').catch(() => ''));
    if (!before) return;
    await release(client, before);
    context.log.warn({ target: source.name }, 'freed the server from a restore that was killed');
  } finally {
    client.close();
  }
};
