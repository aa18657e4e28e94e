import type { Engine } from '../engine.ts';
import { onDemand } from '../on-demand.ts';
import { redisConnection, type RedisConnection } from './connection.ts';

/**
 * Redis 6 and newer over the replication protocol; all databases and functions of a server.
 * A user for backups needs `+ping +replconf +psync`, one for restores also `+replicaof +info +config|get +config|set`.
 */
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
  liveDataOnly: true,
  refusal: ({ into }) =>
    into === undefined || /^\d+$/.test(into)
      ? undefined
      : `redis databases have numbers, and ${into} is not one`,
  preview: async (...args) => (await import('./preview.ts')).preview(...args),
  leftovers: async (...args) => (await import('./leftover.ts')).leftovers(...args),
  recover: async (...args) => {
    await (await import('./leftover.ts')).recover(...args);
  },
  ...onDemand(() => import('./operations.ts')),
  prepareDump: () => import('./operations.ts'),
};
