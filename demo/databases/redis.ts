import { randomBytes } from 'node:crypto';
import { captureText } from '../../test/kit/capture.ts';
import { startRedis } from '../../test/kit/redis.ts';
import { digestScript, sessions } from '../data/redis.ts';
import type { Database, Digest } from './database.ts';

/** Users a step adds until the wanted size is there. */
const batchUsers = 2000;

/** A private Redis that asks for a password, with keys in two databases. */
export const redisDatabase = async (target: string): Promise<Database> => {
  const password = randomBytes(12).toString('hex');
  const server = await startRedis({ password });
  const info = async (field: string): Promise<string> =>
    new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(await server.cli('INFO'))?.[1] ?? '';

  const digestOf = async (database: string): Promise<readonly (readonly [string, string])[]> => {
    const lines = await server.cli('-n', database, '--raw', 'EVAL', digestScript, '0');
    return lines
      .split('\n')
      .filter(Boolean)
      .map((line) => [`db${database}/${line.split(' ')[0]}`, line]);
  };

  const pipe = async (lines: readonly string[]): Promise<void> => {
    const args = ['-h', server.host, '-p', `${server.port}`, '--pipe'];
    const report = await captureText('redis-cli', args, {
      env: { REDISCLI_AUTH: password },
      input: lines.join('\n') + '\n',
    });
    if (!report.includes('errors: 0')) throw new Error(`redis-cli --pipe: ${report}`);
  };

  const fill = async (bytes: number): Promise<void> => {
    for (let from = 0; from === 0 || Number(await info('used_memory_dataset')) < bytes; from += batchUsers)
      await pipe(sessions(from, from + batchUsers));
  };

  return {
    target,
    title: `Redis ${await info('redis_version')}`,
    connection: { host: server.host, port: server.port },
    credentials: { password },
    fill,
    digest: async (): Promise<Digest> =>
      Object.fromEntries([...(await digestOf('0')), ...(await digestOf('1'))]),
    damage: async () => {
      await server.cli('FLUSHALL');
      return 'FLUSHALL';
    },
    stop: server.stop,
    startEmpty: () => redisDatabase(target),
  };
};
