import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import type { ScratchServer } from '../../engine.ts';
import { freePort, inServerFolder, startScratch } from '../../scratch-server.ts';
import type { InfluxdbConnection } from '../connection.ts';
import { findInfluxd, versionOf } from '../server.ts';

const host = '127.0.0.1';

/** Loopback only, no queries logged, nothing reported to InfluxData, no database of its own; nothing expires. */
const settings = (folder: string, port: number, rpcPort: number): Record<string, string> => ({
  HOME: folder,
  INFLUXDB_META_DIR: join(folder, 'meta'),
  INFLUXDB_DATA_DIR: join(folder, 'data'),
  INFLUXDB_DATA_WAL_DIR: join(folder, 'wal'),
  INFLUXDB_DATA_QUERY_LOG_ENABLED: 'false',
  INFLUXDB_HTTP_BIND_ADDRESS: `${host}:${port}`,
  INFLUXDB_HTTP_AUTH_ENABLED: 'false',
  INFLUXDB_HTTP_LOG_ENABLED: 'false',
  INFLUXDB_BIND_ADDRESS: `${host}:${rpcPort}`,
  INFLUXDB_MONITOR_STORE_ENABLED: 'false',
  INFLUXDB_RETENTION_ENABLED: 'false',
  INFLUXDB_REPORTING_DISABLED: 'true',
});

/** An empty 1.x server of the installed version. */
export const scratch = async (
  context: RunContext,
): Promise<ScratchServer<InfluxdbConnection> | undefined> => {
  const influxd = await findInfluxd(context, 1);
  if (!influxd) return undefined;
  return inServerFolder(context, async (folder) => {
    const [port, rpcPort] = [await freePort(), await freePort()];
    const source = { name: 'scratch', connection: { host, port, rpcPort }, credentials: {} };
    const command = {
      folder,
      stopSignal: 'SIGTERM' as const,
      program: influxd.program,
      args: ['run', '-config', '/dev/null'],
      env: settings(folder, port, rpcPort),
    };
    const stop = await startScratch(context, command, () => versionOf(context, source));
    return { source, stop };
  });
};
