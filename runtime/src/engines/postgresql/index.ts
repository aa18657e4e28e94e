import type { Engine } from '../engine.ts';
import { postgresqlConnection, type PostgresqlConnection } from './connection.ts';

const todo = (): never => {
  throw new Error('under construction');
};

export const postgresql: Engine<PostgresqlConnection> = {
  name: 'postgresql',
  title: 'PostgreSQL',
  defaultPort: 5432,
  connection: postgresqlConnection,
  secretKeys: { username: { defaultKey: 'username', optional: false }, password: { defaultKey: 'password', optional: false } },
  ports: (connection) => [connection.port],
  restoresBeside: true,
  probe: todo,
  dump: todo,
  inspect: todo,
  fingerprint: todo,
  restore: todo,
  scratch: todo,
};
