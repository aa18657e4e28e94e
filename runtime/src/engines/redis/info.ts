import type { RedisClient } from './client.ts';
import { textOf, type Reply } from './resp.ts';

/** What INFO says, by field. */
export type Info = Readonly<Record<string, string>>;

export const parseInfo = (text: string): Info =>
  Object.fromEntries(
    text
      .split('\r\n')
      .filter((line) => line.includes(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  );

export const infoOf = async ({ command }: RedisClient): Promise<Info> =>
  parseInfo(textOf(await command('INFO')));

/** A figure of INFO; 0 where the server does not have it. */
export const figure = (info: Info, field: string): number => Number(info[field] ?? 0);

/** A setting as text; empty where the server does not have it. */
export const readSetting = async ({ command }: RedisClient, name: string): Promise<string> =>
  textOf(((await command('CONFIG', 'GET', name)) as readonly Reply[])[1]);
