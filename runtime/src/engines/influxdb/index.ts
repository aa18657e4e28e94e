import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import type { Dump, Engine, Entries, Fingerprint, Restored, RestoreRequest, ServerInfo } from '../engine.ts';
import { influxdbConnection, type InfluxdbConnection } from './connection.ts';
import { openEntries } from './header.ts';
import type { InfluxdbSource } from './http.ts';
import { generationOf, serverInfo, versionOf } from './server.ts';
import { countNow as count1 } from './v1/count.ts';
import { dump as dump1 } from './v1/dump.ts';
import { inspect as inspect1 } from './v1/inspect.ts';
import { restore as restore1 } from './v1/restore.ts';
import { scratch as scratch1 } from './v1/scratch.ts';
import { influxd1 } from './v1/tool.ts';

const probe = async (context: RunContext, source: InfluxdbSource): Promise<ServerInfo> => {
  const version = await versionOf(context, source);
  if (generationOf(version) === 2) return serverInfo(version);
  return serverInfo(version, { influxd: (await influxd1(context)).version });
};

const dump = async (context: RunContext, source: InfluxdbSource): Promise<Dump> => {
  const server = await probe(context, source);
  return dump1(context, source, server);
};

const inspect = async (_context: RunContext, entries: Entries): Promise<Fingerprint> => {
  const { header, rest } = await openEntries(entries);
  return inspect1(header as never, rest);
};

const fingerprint = (context: RunContext, source: InfluxdbSource, asOf: Date): Promise<Fingerprint> =>
  count1(context, source, asOf);

const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const generation = generationOf(await versionOf(context, source));
  const { header, rest } = await openEntries(entries);
  if (header.generation !== generation)
    throw new BackupError(
      'restore.refused',
      `the archive is of influxdb ${header.version}, the server is ${generation}.x`,
    );
  return restore1(context, source, header as never, rest, request);
};

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
  probe,
  dump,
  inspect,
  fingerprint,
  restore,
  scratch: (context) => scratch1(context),
};
