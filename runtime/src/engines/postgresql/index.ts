import type { Engine } from '../engine.ts';
import { logOnDemand, onDemand } from '../on-demand.ts';
import { postgresqlConnection, type PostgresqlConnection } from './connection.ts';
import { instantEntry } from './agreement/entry.ts';
import { ancestors } from './replication/history.ts';
import { formatPosition, parsePosition } from './replication/positions.ts';

/** PostgreSQL by its own client programs of the server's major version; one database and the server's roles. */
export const postgresql: Engine<PostgresqlConnection> = {
  name: 'postgresql',
  title: 'PostgreSQL',
  defaultPort: 5432,
  connection: postgresqlConnection,
  secretKeys: {
    username: { defaultKey: 'username', optional: false },
    password: { defaultKey: 'password', optional: false },
  },
  ports: (connection) => [connection.port],
  restoresBeside: true,
  restoresInJobs: true,
  refusal: ({ merge }) =>
    merge
      ? 'postgresql does not support --merge; --only replaces single tables, --into leaves the live data alone'
      : undefined,
  preview: async (...args) => (await import('./preview.ts')).preview(...args),
  leftovers: async (...args) => (await import('./leftovers.ts')).leftovers(...args),
  recover: async (...args) => (await import('./leftovers.ts')).recover(...args),
  log: {
    formatPosition,
    dropStatement: (slot) => `SELECT pg_drop_replication_slot('${slot}')`,
    parsePosition,
    ancestors,
    ...logOnDemand(() => import('./replication/log.ts')),
    find: async (...args) => (await import('./search/find.ts')).find(...args),
  },
  bases: {
    base: async (...args) => (await import('./base/base.ts')).base(...args),
    inspect: async (...args) => (await import('./base/inspect.ts')).inspect(...args),
    recover: async (...args) => (await import('./recovery/recover.ts')).recover(...args),
    roll: async (...args) => (await import('./recovery/roll.ts')).roll(...args),
    write: async (...args) => (await import('./recovery/data-directory.ts')).writeDataDirectory(...args),
  },
  agreement: {
    entry: instantEntry,
    read: async (...args) => (await import('./agreement/agreement.ts')).read(...args),
    find: async (...args) => (await import('./agreement/agreement.ts')).find(...args),
    compare: async (...args) => (await import('./agreement/agreement.ts')).compare(...args),
  },
  parts: { dump: async (...args) => (await import('./dump-parts.ts')).dumpParts(...args) },
  ...onDemand(() => import('./operations.ts')),
  dump: async (...args) => (await import('./dump.ts')).dump(...args), // thirty files fewer than all of the work
  prepareDump: () => import('./dump.ts'),
};
