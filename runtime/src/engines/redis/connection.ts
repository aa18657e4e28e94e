import { z } from 'zod';
import { host, port, tls } from '../connection.ts';

export const redisConnection = z.strictObject({
  /** Address of the server. */
  host,
  /** Port of the server. @default 6379 - the registered port */
  port: port.default(6379),
  /** TLS of the connection. @default none - Redis's own default */
  tls: tls.optional(),
});

export type RedisConnection = z.output<typeof redisConnection>;
