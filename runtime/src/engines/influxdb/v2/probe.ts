import type { RunContext } from '../../../core/context.ts';
import type { ServerInfo } from '../../engine.ts';
import { call, type InfluxdbSource } from '../http.ts';
import { serverInfo } from '../server.ts';

/** No shard has this id, and rights are checked first: 404 for the operator token, 401 for any other. */
const noShard = '/api/v2/backup/shards/0';

/** @throws BackupError source.refused */
export const probe = async (
  context: RunContext,
  source: InfluxdbSource,
  version: string,
): Promise<ServerInfo> => {
  const wanted = { method: 'GET', path: noShard, failure: 'source.refused' } as const;
  (await call(context, source, wanted, { missing: true })).resume();
  return serverInfo(version);
};
