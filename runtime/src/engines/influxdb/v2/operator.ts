import type { RunContext } from '../../../core/context.ts';
import { call, type InfluxdbSource } from '../http.ts';

/** No shard has this id, and rights are checked first: 404 for the operator token, 401 for any other. */
const noShard = '/api/v2/backup/shards/0';

/** @throws BackupError source.refused */
export const checkOperator = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  const wanted = { method: 'GET', path: noShard, failure: 'source.refused' } as const;
  (await call(context, source, wanted, { missing: true })).resume();
};
