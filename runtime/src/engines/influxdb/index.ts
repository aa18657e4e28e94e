import type { Engine } from '../engine.ts';
import { influxdbConnection, type InfluxdbConnection } from './connection.ts';

const todo = (): never => {
  throw new Error('under construction');
};

export const influxdb: Engine<InfluxdbConnection> = {
  name: 'influxdb',
  title: 'InfluxDB',
  defaultPort: 8086,
  connection: influxdbConnection,
  secretKeys: { token: { defaultKey: 'admin-token', optional: true }, username: { defaultKey: 'username', optional: true }, password: { defaultKey: 'password', optional: true } },
  ports: (connection) => [connection.port, connection.rpcPort],
  restoresBeside: false,
  probe: todo,
  dump: todo,
  inspect: todo,
  fingerprint: todo,
  restore: todo,
  scratch: todo,
};
