import type { Engine } from '../engine.ts';
import { onDemand } from '../on-demand.ts';
import { influxdbConnection, type InfluxdbConnection } from './connection.ts';
import { refusal } from './scope.ts';

/**
 * InfluxDB 1.x by its portable backup and 2.x over HTTP, chosen by the server's answer.
 * Not restored: points deleted shortly before the backup come back, as no restore of InfluxDB applies deletes that its
 * compaction has not; the fingerprint then gives a range, `2400..2500`. Continuous queries, retention policies and
 * grants of 1.x come along, its users do not.
 */
export const influxdb: Engine<InfluxdbConnection> = {
  name: 'influxdb',
  title: 'InfluxDB',
  defaultPort: 8086,
  connection: influxdbConnection,
  secretKeys: {
    token: { defaultKey: 'admin-token', optional: true },
    username: { defaultKey: 'username', optional: true },
    password: { defaultKey: 'password', optional: true },
  },
  ports: (connection) => [connection.port, connection.rpcPort],
  restoresBeside: false,
  refusal,
  preview: async (...args) => (await import('./operations.ts')).preview(...args),
  leftovers: async (...args) => (await import('./operations.ts')).leftovers(...args),
  recover: async (...args) => (await import('./operations.ts')).recover(...args),
  ...onDemand(() => import('./operations.ts')),
  dump: async (run, source) => (await import('./dump.ts')).dump(run, source), // forty files fewer than all of the work
  prepareDump: () => import('./dump.ts'),
  parts: {
    isProved: true,
    largeBytes: 1 << 30, // below, a dump takes seconds, and a month of them fits on any volume
    hindrance: ({ count }) =>
      count === 'server' ? 'connection.count is server, which counts nothing that is not read' : undefined,
    dump: async (run, source, earlier) => (await import('./dump.ts')).dumpParts(run, source, earlier),
  },
};
