import { z } from 'zod';
import { host, port, tls } from '../connection.ts';

export const redisConnection = z.strictObject({
  host,
  /** @default 6379 - the registered port */
  port: port.default(6379),
  /** @default none - Redis's own default */
  tls: tls.optional(),
});

export type RedisConnection = z.output<typeof redisConnection>;
