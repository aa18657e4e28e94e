import type { Engine } from '../engine.ts';
import { redisConnection, type RedisConnection } from './connection.ts';

const todo = (): never => {
  throw new Error('under construction');
};

export const redis: Engine<RedisConnection> = {
  name: 'redis',
  title: 'Redis',
  defaultPort: 6379,
  connection: redisConnection,
  secretKeys: {
    username: { defaultKey: 'username', optional: true },
    password: { defaultKey: 'password', optional: true },
  },
  ports: (connection) => [connection.port],
  restoresBeside: false,
  // a restore serves the RDB as a replication primary
  dialsBack: true,
  probe: todo,
  dump: todo,
  inspect: todo,
  fingerprint: todo,
  restore: todo,
  scratch: todo,
};
