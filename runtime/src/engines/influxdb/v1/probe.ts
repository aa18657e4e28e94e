import type { RunContext } from '../../../core/context.ts';
import type { ServerInfo } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { serverInfo } from '../server.ts';
import { listDatabases } from './list.ts';
import { influxd1, warnOfPlainText } from './tool.ts';

/** @throws BackupError source.refused, tool.missing */
export const probe = async (
  context: RunContext,
  source: InfluxdbSource,
  version: string,
): Promise<ServerInfo> => {
  await listDatabases(context, source, 'source.unreachable');
  warnOfPlainText(context, source);
  return serverInfo(version, { influxd: (await influxd1(context)).version });
};
