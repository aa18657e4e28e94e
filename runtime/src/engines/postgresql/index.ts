import type { Engine } from '../engine.ts';
import { withClient, type PostgresqlSource } from './client.ts';
import { postgresqlConnection, type PostgresqlConnection } from './connection.ts';
import { countNow } from './count.ts';
import { dump, probe } from './dump.ts';
import { inspect } from './inspect.ts';
import { restore } from './restore.ts';
import { scratch } from './scratch.ts';

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
  probe,
  dump,
  inspect,
  fingerprint: (_run, source: PostgresqlSource) => {
    const { database, contentHash } = source.connection;
    return withClient(source, database, (client) => countNow(client, contentHash));
  },
  refusal: ({ merge }) =>
    merge
      ? 'postgresql has no merge; --only replaces single tables, --into leaves the live data alone'
      : undefined,
  restore,
  scratch,
};
