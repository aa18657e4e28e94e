import { z } from 'zod';
import { host, port } from '../connection.ts';

export const redisConnection = z.strictObject({
  host,
  /** @default 6379 - the registered port */
  port: port.default(6379),
});

export type RedisConnection = z.output<typeof redisConnection>;
